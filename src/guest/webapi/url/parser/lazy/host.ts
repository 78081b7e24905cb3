/** https://url.spec.whatwg.org/#host-parsing. A host is kept as its serialisation; an empty host is the empty string. */
import { domainToAscii } from '../../lazy/index.ts';
import { c0ControlSet, percentDecode, percentEncode } from '../../percent-encode.ts';

const forbiddenHost = /[\0\t\n\r #/:<>?@[\\\]^|]/;
const forbiddenDomain = /[\0-\x20#%/:<>?@[\\\]^|\x7f]/;

/** Null on failure. */
export function parseHost(input: string, isOpaque: boolean): string | null {
  if (input.startsWith('[')) return input.endsWith(']') ? parseBracketed(input.slice(1, -1)) : null;
  if (isOpaque) return forbiddenHost.test(input) ? null : percentEncode(input, c0ControlSet);
  const decoded = percentDecode(input);
  const domain = isPlain(decoded) ? decoded.toLowerCase() : domainToAscii(decoded);
  if (domain === null || domain === '' || forbiddenDomain.test(domain)) return null;
  return endsInNumber(domain) ? parseIpv4(domain) : domain;
}

/** ASCII without an encoded label: mapping it changes nothing but case. */
function isPlain(domain: string): boolean {
  return /^[\0-\x7f]*$/.test(domain) && !/(?:^|\.)xn--/i.test(domain);
}

function parseBracketed(input: string): string | null {
  const pieces = parseIpv6(input);
  return pieces === null ? null : `[${serializeIpv6(pieces)}]`;
}

/** https://url.spec.whatwg.org/#ends-in-a-number-checker */
function endsInNumber(domain: string): boolean {
  const parts = domain.split('.');
  if (parts.at(-1) === '') {
    if (parts.length === 1) return false;
    parts.pop();
  }
  const last = parts.at(-1) ?? '';
  return /^[0-9]+$/.test(last) || /^0x[0-9a-f]*$/i.test(last);
}

/** https://url.spec.whatwg.org/#concept-ipv4-parser */
function parseIpv4(domain: string): string | null {
  const parts = domain.split('.');
  if (parts.at(-1) === '' && parts.length > 1) parts.pop();
  if (parts.length > 4) return null;
  const numbers = parts.map(parseIpv4Number);
  const last = numbers.pop() ?? Number.NaN;
  if (!numbers.every((number) => number <= 255) || !(last < 256 ** (4 - numbers.length))) return null;
  let address = last;
  for (const [index, number] of numbers.entries()) address += number * 256 ** (3 - index);
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** https://url.spec.whatwg.org/#ipv4-number-parser; NaN on failure. */
function parseIpv4Number(part: string): number {
  if (part === '') return Number.NaN;
  if (/^0x/i.test(part)) return /^0x[0-9a-f]*$/i.test(part) ? Number(`0x0${part.slice(2)}`) : Number.NaN;
  if (/^0[0-9]/.test(part)) return /^[0-7]+$/.test(part) ? Number(`0o${part}`) : Number.NaN;
  return /^[0-9]+$/.test(part) ? Number(part) : Number.NaN;
}

/** https://url.spec.whatwg.org/#concept-ipv6-parser, as a split at "::"; null on failure. */
function parseIpv6(input: string): number[] | null {
  const halves = input.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half, index) => parsePieces(half, index === halves.length - 1));
  if (head === null || head === undefined || tail === null) return null;
  if (tail === undefined) return head.length === 8 ? head : null;
  const missing = 8 - head.length - tail.length;
  return missing < 1 ? null : [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

/** Pieces between colons; only the last part of an address may end in IPv4 notation. */
function parsePieces(text: string, isLast: boolean): number[] | null {
  if (text === '') return [];
  const pieces: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) pieces.push(Number.parseInt(part, 16));
    else {
      const embedded = isLast && index === parts.length - 1 ? parseEmbeddedIpv4(part) : null;
      if (embedded === null) return null;
      pieces.push(...embedded);
    }
  }
  return pieces;
}

function parseEmbeddedIpv4(text: string): [number, number] | null {
  const match = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/.exec(text);
  if (match === null) return null;
  const [a = 256, b = 256, c = 256, d = 256] = match.slice(1).map(Number);
  return Math.max(a, b, c, d) > 255 ? null : [a * 256 + b, c * 256 + d];
}

/** https://url.spec.whatwg.org/#concept-ipv6-serializer: the first longest run of two or more zeroes becomes "::". */
function serializeIpv6(pieces: readonly number[]): string {
  let start = -1;
  let length = 1;
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && pieces[end] === 0) end++;
    if (end - at > length) [start, length] = [at, end - at];
  }
  const hex = (part: readonly number[]): string => part.map((piece) => piece.toString(16)).join(':');
  return start < 0 ? hex(pieces) : `${hex(pieces.slice(0, start))}::${hex(pieces.slice(start + length))}`;
}
