/** https://infra.spec.whatwg.org/#forgiving-base64 */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Standard alphabet, padded. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  for (; at + 2 < bytes.length; at += 3) text += fourDigits((bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!);
  const left = bytes.length - at;
  if (left === 0) return text;
  const last = fourDigits((bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8));
  return text + last.slice(0, left + 1) + '='.repeat(3 - left);
}

function fourDigits(bits: number): string {
  return alphabet.charAt(bits >> 18) + alphabet.charAt((bits >> 12) & 63) + alphabet.charAt((bits >> 6) & 63) + alphabet.charAt(bits & 63);
}

let digitValues: Int8Array | undefined;

/** −1 for what is no digit; built when it is first needed. */
function digits(): Int8Array {
  if (digitValues === undefined) {
    digitValues = new Int8Array(128).fill(-1);
    for (let value = 0; value < 64; value++) digitValues[alphabet.charCodeAt(value)] = value;
  }
  return digitValues;
}

/** Forgiving: ASCII whitespace and missing padding are fine. Null on anything else that is wrong. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | null {
  let data = /[\t\n\f\r ]/.test(text) ? text.replace(/[\t\n\f\r ]+/g, '') : text;
  if (data.length % 4 === 0) data = data.replace(/={1,2}$/, '');
  if (data.length % 4 === 1) return null;
  const bytes = new Uint8Array(Math.floor((data.length * 3) / 4));
  const table = digits();
  let bits = 0;
  let written = 0;
  for (let i = 0; i < data.length; i++) {
    const value = table[data.charCodeAt(i)] ?? -1;
    if (value < 0) return null;
    bits = ((bits << 6) | value) & 0xffffff;
    if ((i & 3) > 0) bytes[written++] = bits >> (6 - 2 * (i & 3));
  }
  return bytes;
}
