/**
 * How arguments and replies of a syscall are laid out: one line of JSON (UTF-8, no line feed in it) and, where there are bytes to carry, a line feed and the bytes as they are.
 * An empty payload is no JSON and no bytes.
 */

export interface Payload {
  /** undefined for an empty payload */
  readonly head: unknown;
  /** undefined when no line feed follows the head */
  readonly body: Uint8Array | undefined;
}

/** The payload of an error reply. */
export interface SyscallErrorData {
  readonly code: string;
  readonly message: string;
  /** of `permission_denied`: what was asked for, as the gate understood it */
  readonly asked?: string;
  /** of `permission_denied`: the manifest's or the operator's line that decided */
  readonly rule?: string;
}

/** Of a head, so that a line of brackets can't become more than the host has memory or stack for. */
export const PAYLOAD_HEAD_BYTES_MAX = 4 * 1024 * 1024;
export const PAYLOAD_HEAD_DEPTH_MAX = 100;

const LINE_FEED = 10;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** `[` and `{`, and what closes them, differ by these bits alone. */
const BRACKET_BITS = 0x20;
const OPENING = 0x5b;
const CLOSING = 0x5d;

export function packPayload(head: unknown, body?: Uint8Array): Uint8Array {
  const line = new TextEncoder().encode(JSON.stringify(head));
  if (body === undefined) return line;
  const bytes = new Uint8Array(line.length + 1 + body.length);
  bytes.set(line);
  bytes[line.length] = LINE_FEED;
  bytes.set(body, line.length + 1);
  return bytes;
}

/** Throws a SyntaxError or TypeError when the first line is not JSON in UTF-8, a RangeError when it is longer or nested deeper than a head may be. The body is a view of `bytes`. */
export function unpackPayload(bytes: Uint8Array): Payload {
  if (bytes.length === 0) return { head: undefined, body: undefined };
  const end = bytes.indexOf(LINE_FEED);
  const line = end < 0 ? bytes : bytes.subarray(0, end);
  return { head: parseHead(line), body: end < 0 ? undefined : bytes.subarray(end + 1) };
}

/** JSON in UTF-8 that a guest wrote. Throws as `unpackPayload`. */
export function parseHead(json: Uint8Array): unknown {
  if (json.length > PAYLOAD_HEAD_BYTES_MAX) throw new RangeError(`The first line has more than ${PAYLOAD_HEAD_BYTES_MAX} bytes`);
  if (isDeep(json)) throw new RangeError(`The first line is nested deeper than ${PAYLOAD_HEAD_DEPTH_MAX} levels`);
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
}

/** Counted before it is parsed. What is no JSON may be counted wrong, for the parser refuses it. */
function isDeep(line: Uint8Array): boolean {
  let depth = 0;
  for (let at = 0; at < line.length; at++) {
    const byte = line[at] ?? 0;
    if (byte === QUOTE) at = endOfString(line, at);
    else if ((byte & ~BRACKET_BITS) === OPENING && ++depth > PAYLOAD_HEAD_DEPTH_MAX) return true;
    else if ((byte & ~BRACKET_BITS) === CLOSING) depth--;
  }
  return false;
}

function endOfString(line: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < line.length && line[at] !== QUOTE) at += line[at] === BACKSLASH ? 2 : 1;
  return at;
}
