/** https://url.spec.whatwg.org/#percent-encoded-bytes. Each set is a pattern of the code points that are encoded. */
import { decodeUtf8, encodeUtf8 } from '../encoding/index.ts';

export const c0ControlSet = /[^\x20-\x7e]/gu;
export const fragmentSet = /[^\x21\x23-\x3b=\x3f-\x5f\x61-\x7e]/gu;
export const querySet = /[^\x21\x24-\x3b=\x3f-\x7e]/gu;
export const specialQuerySet = /[^\x21\x24-\x26\x28-\x3b=\x3f-\x7e]/gu;
export const pathSet = /[^\x21\x24-\x3b=\x40-\x5d\x5f\x61-\x7a|~]/gu;
export const userinfoSet = /[^\x21\x24-\x2e\x30-\x39\x41-\x5a\x5f\x61-\x7a~]/gu;
export const formSet = /[^*\x2d.\x30-\x39\x41-\x5a\x5f\x61-\x7a]/gu;

/** https://url.spec.whatwg.org/#string-utf-8-percent-encode. `text` has no lone surrogates. */
export function percentEncode(text: string, set: RegExp): string {
  return text.replace(set, encodeCodePoint);
}

function encodeCodePoint(character: string): string {
  const code = character.charCodeAt(0);
  if (code >= 0x80) return encodeURIComponent(character);
  return `%${code < 16 ? '0' : ''}${code.toString(16).toUpperCase()}`;
}

/** https://url.spec.whatwg.org/#string-percent-decode, then UTF-8 without BOM decode */
export function percentDecode(text: string): string {
  return text.includes('%') ? decodeUtf8(percentDecodeBytes(text), { ignoreBOM: true }) : text;
}

function percentDecodeBytes(text: string): Uint8Array {
  const bytes = encodeUtf8(text);
  let written = 0;
  for (let read = 0; read < bytes.length; read++) {
    const high = bytes[read] === 0x25 ? hexDigit(bytes[read + 1]) : -1;
    const low = high < 0 ? -1 : hexDigit(bytes[read + 2]);
    bytes[written++] = low < 0 ? bytes[read]! : high * 16 + low;
    if (low >= 0) read += 2;
  }
  return bytes.subarray(0, written);
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
