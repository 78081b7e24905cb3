/** https://url.spec.whatwg.org/#application/x-www-form-urlencoded. A list is flat: name, value, name, value, … */
import { formSet, percentDecode, percentEncode } from './percent-encode.ts';

export function parseUrlencoded(text: string): string[] {
  const list: string[] = [];
  if (text === '') return list;
  for (const sequence of text.split('&')) {
    if (sequence === '') continue;
    const equals = sequence.indexOf('=');
    list.push(decode(equals < 0 ? sequence : sequence.slice(0, equals)), equals < 0 ? '' : decode(sequence.slice(equals + 1)));
  }
  return list;
}

function decode(text: string): string {
  return percentDecode(text.includes('+') ? text.replaceAll('+', ' ') : text);
}

export function serializeUrlencoded(list: readonly string[]): string {
  let text = '';
  for (let at = 0; at < list.length; at += 2) text += `${at > 0 ? '&' : ''}${encode(list[at])}=${encode(list[at + 1])}`;
  return text;
}

function encode(text = ''): string {
  return percentEncode(text, formSet).replaceAll('%20', '+');
}
