/** https://mimesniff.spec.whatwg.org/#parsing-a-mime-type */
import { isHttpToken, trimHttpWhitespace, trimHttpWhitespaceEnd, trimHttpWhitespaceStart } from '../../http-syntax.ts';

export interface MimeType {
  /** type/subtype in lower case */
  essence: string;
  parameters: Map<string, string>;
}

const quotedStringCodePoints = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Null on failure. */
export function parseMimeType(input: string): MimeType | null {
  const text = trimHttpWhitespace(input);
  const end = indexOrEnd(text, ';', 0);
  const [type, subtype] = splitOnce(text.slice(0, end), '/');
  const trimmedSubtype = trimHttpWhitespaceEnd(subtype ?? '');
  if (!isHttpToken(type) || !isHttpToken(trimmedSubtype)) return null;
  const mimeType: MimeType = { essence: `${type}/${trimmedSubtype}`.toLowerCase(), parameters: new Map() };
  parseParameters(text, end, mimeType.parameters);
  return mimeType;
}

/** Step 11 of the algorithm */
function parseParameters(text: string, start: number, parameters: Map<string, string>): void {
  for (let at = start; at < text.length; ) {
    at++;
    const nameEnd = Math.min(indexOrEnd(text, ';', at), indexOrEnd(text, '=', at));
    const name = trimHttpWhitespaceStart(text.slice(at, nameEnd)).toLowerCase();
    at = nameEnd;
    if (text[at] !== '=') continue;
    at++;
    let value: string;
    if (text[at] === '"') {
      const quoted = collectQuotedString(text, at);
      value = quoted.value;
      at = indexOrEnd(text, ';', quoted.end);
    } else {
      const valueEnd = indexOrEnd(text, ';', at);
      value = trimHttpWhitespaceEnd(text.slice(at, valueEnd));
      at = valueEnd;
      if (value === '') continue;
    }
    if (isHttpToken(name) && quotedStringCodePoints.test(value) && !parameters.has(name)) parameters.set(name, value);
  }
}

/** https://fetch.spec.whatwg.org/#collect-an-http-quoted-string with the extract-value flag; `end` is past the closing quote. */
function collectQuotedString(text: string, start: number): { value: string; end: number } {
  let value = '';
  let at = start + 1;
  for (; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '"') return { value, end: at + 1 };
    if (character !== '\\') value += character;
    else value += text[++at] ?? '\\';
  }
  return { value, end: at };
}

function indexOrEnd(text: string, search: string, from: number): number {
  const at = text.indexOf(search, from);
  return at < 0 ? text.length : at;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** https://mimesniff.spec.whatwg.org/#serialize-a-mime-type */
export function serializeMimeType({ essence, parameters }: MimeType): string {
  let text = essence;
  for (const [name, value] of parameters) {
    text += `;${name}=${isHttpToken(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`}`;
  }
  return text;
}

/** https://fetch.spec.whatwg.org/#concept-header-extract-mime-type; `combined` is the whole Content-Type, null when there is none. */
export function extractMimeType(combined: string | null): MimeType | null {
  if (combined === null) return null;
  let charset: string | undefined;
  let essence: string | undefined;
  let mimeType: MimeType | null = null;
  for (const value of splitHeaderValue(combined)) {
    const candidate = parseMimeType(value);
    if (candidate === null || candidate.essence === '*/*') continue;
    mimeType = candidate;
    if (candidate.essence !== essence) {
      charset = candidate.parameters.get('charset');
      essence = candidate.essence;
    } else if (!candidate.parameters.has('charset') && charset !== undefined) candidate.parameters.set('charset', charset);
  }
  return mimeType;
}

/** https://fetch.spec.whatwg.org/#header-value-get-decode-and-split: at commas outside of quoted strings */
function splitHeaderValue(combined: string): string[] {
  if (!combined.includes(',')) return [combined];
  const values: string[] = [];
  let start = 0;
  for (let at = 0; at < combined.length; ) {
    if (combined[at] === '"') at = collectQuotedString(combined, at).end;
    else if (combined[at++] === ',') {
      values.push(combined.slice(start, at - 1));
      start = at;
    }
  }
  values.push(combined.slice(start));
  return values;
}
