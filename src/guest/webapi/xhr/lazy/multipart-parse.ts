/**
 * multipart/form-data, RFC 7578 with the percent-escapes of https://html.spec.whatwg.org/#multipart-form-data. Strict: what is not
 * well-formed is an error, never a guess. Bounded: parts, and the bytes of a part's head.
 */
import { decodeUtf8 } from '../../encoding/index.ts';
import { blobFromParts, File } from '../../file-api/index.ts';
import { isHttpToken, trimHttpWhitespace } from '../../fetch/http-syntax.ts';
import { FormData } from '../form-data.ts';

export const MULTIPART_PARTS_MAX = 10_000;
export const MULTIPART_HEAD_BYTES_MAX = 16_384;

type Bytes = Uint8Array<ArrayBuffer>;

const CR = 13;
const LF = 10;
const DASH = 45;

/** RFC 2046 section 5.1.1 */
const boundaryGrammar = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;

/** Keeps no reference to `bytes`. Throws a TypeError on anything malformed. */
export function parseMultipart(bytes: Bytes, boundary: string): FormData {
  if (!boundaryGrammar.test(boundary)) fail('its boundary is missing or malformed');
  const delimiter = Uint8Array.from(`\r\n--${boundary}`, (character) => character.charCodeAt(0));
  const formData = new FormData();
  let at = skipNewlines(bytes);
  if (!matches(bytes, at, delimiter.subarray(2))) fail('it does not begin with its boundary');
  at += delimiter.length - 2;
  for (let parts = 0; ; parts++) {
    if (bytes[at] === DASH && bytes[at + 1] === DASH) {
      if (skipNewlines(bytes, at + 2) !== bytes.length) fail('data follows its last boundary');
      return formData;
    }
    if (parts === MULTIPART_PARTS_MAX) fail(`it has more than ${MULTIPART_PARTS_MAX} parts`);
    const head = parseHead(bytes, expectNewline(bytes, at));
    at = find(bytes, head.end, delimiter);
    if (at < 0) fail('its last part is cut off');
    appendPart(formData, head, bytes.slice(head.end, at));
    at += delimiter.length;
  }
}

interface PartHead {
  name: string;
  filename: string | undefined;
  contentType: string;
  /** where the part's content begins */
  end: number;
}

function appendPart(formData: FormData, { name, filename, contentType }: PartHead, content: Bytes): void {
  if (filename === undefined) formData.append(name, decodeUtf8(content, { ignoreBOM: true }));
  else formData.append(name, new File([blobFromParts([content], '')], filename, { type: contentType }));
}

const headTooLong = `a part has more than ${MULTIPART_HEAD_BYTES_MAX} bytes of headers`;

function parseHead(bytes: Bytes, start: number): PartHead {
  const head: PartHead = { name: '', filename: undefined, contentType: 'text/plain', end: start };
  let named = false;
  const limit = Math.min(bytes.length, start + MULTIPART_HEAD_BYTES_MAX);
  for (;;) {
    const lineEnd = bytes.subarray(0, limit).indexOf(CR, head.end);
    if (lineEnd < 0) fail(limit === bytes.length ? 'a part is cut off' : headTooLong);
    const line = decodeUtf8(bytes.subarray(head.end, lineEnd), { ignoreBOM: true });
    head.end = expectNewline(bytes, lineEnd);
    if (line === '') break;
    named = parseHeader(line, head) || named;
  }
  if (head.end > limit) fail(headTooLong);
  if (!named) fail('a part has no name');
  return head;
}

/** Returns true when the line gave the part its name. */
function parseHeader(line: string, head: PartHead): boolean {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
  if (!isHttpToken(name)) fail('a header of a part is malformed');
  const value = trimHttpWhitespace(line.slice(colon + 1));
  if (name === 'content-type') head.contentType = value;
  return name === 'content-disposition' && parseDisposition(value, head);
}

function parseDisposition(value: string, head: PartHead): boolean {
  const parameter = /;[\t ]*([^\s;="]+)[\t ]*=[\t ]*(?:"([^"\r\n]*)"|([^\s;"]*))[\t ]*/y;
  const type = /^form-data[\t ]*/i.exec(value) ?? fail('a part is not form-data');
  const seen = new Set<string>();
  parameter.lastIndex = type[0].length;
  for (let at = parameter.lastIndex; at < value.length; at = parameter.lastIndex) {
    const [, name, quoted, token] = parameter.exec(value) ?? fail('a Content-Disposition is malformed');
    const lowerName = (name as string).toLowerCase();
    if (seen.has(lowerName)) fail('a Content-Disposition has a parameter twice');
    seen.add(lowerName);
    const text = unescapeName(quoted ?? (token as string));
    if (lowerName === 'name') head.name = text;
    if (lowerName === 'filename') head.filename = text;
  }
  return seen.has('name');
}

function unescapeName(text: string): string {
  return text.replace(/%0A|%0D|%22/gi, (escape) => String.fromCharCode(parseInt(escape.slice(1), 16)));
}

function skipNewlines(bytes: Bytes, start = 0): number {
  let at = start;
  while (bytes[at] === CR && bytes[at + 1] === LF) at += 2;
  return at;
}

function expectNewline(bytes: Bytes, at: number): number {
  if (bytes[at] !== CR || bytes[at + 1] !== LF) fail('a line does not end with CR LF');
  return at + 2;
}

function find(bytes: Bytes, from: number, delimiter: Uint8Array): number {
  for (let at = bytes.indexOf(CR, from); at >= 0; at = bytes.indexOf(CR, at + 1)) if (matches(bytes, at, delimiter)) return at;
  return -1;
}

function matches(bytes: Bytes, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

function fail(why: string): never {
  throw new TypeError(`Body is not valid multipart/form-data: ${why}`);
}
