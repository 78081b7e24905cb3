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

const LINE_FEED = 10;

export function packPayload(head: unknown, body?: Uint8Array): Uint8Array {
  const line = new TextEncoder().encode(JSON.stringify(head));
  if (body === undefined) return line;
  const bytes = new Uint8Array(line.length + 1 + body.length);
  bytes.set(line);
  bytes[line.length] = LINE_FEED;
  bytes.set(body, line.length + 1);
  return bytes;
}

/** Throws a SyntaxError or TypeError when the first line is not JSON in UTF-8. The body is a view of `bytes`. */
export function unpackPayload(bytes: Uint8Array): Payload {
  if (bytes.length === 0) return { head: undefined, body: undefined };
  const end = bytes.indexOf(LINE_FEED);
  const line = end < 0 ? bytes : bytes.subarray(0, end);
  const head: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
  return { head, body: end < 0 ? undefined : bytes.subarray(end + 1) };
}
