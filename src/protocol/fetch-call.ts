/**
 * What crosses for `fetch`: the host call "fetch" and its reply as lists of string fields.
 *
 * call:  method, url, redirect, bodyKind, body, name, value, name, value, …
 * reply: status, statusText, final url, '0' | '1' (redirected), bodyKind, body, name, value, …
 *
 * body is the text itself, a buffer's index in the crossing, or a stream's id: of the guest in a call, of the host in a reply.
 */
export const FETCH_CALL = 'fetch';

const bodyKinds = ['none', 'text', 'buffer', 'stream'] as const;
const redirectModes = ['follow', 'manual', 'error'] as const;

export type RedirectMode = (typeof redirectModes)[number];

export interface CrossingBody {
  kind: (typeof bodyKinds)[number];
  value: string;
}

export interface FetchCall {
  method: string;
  url: string;
  redirect: RedirectMode;
  body: CrossingBody;
  /** name, value, name, value, … */
  headers: string[];
}

export interface FetchReply {
  status: number;
  statusText: string;
  url: string;
  redirected: boolean;
  body: CrossingBody;
  /** name, value, name, value, …; names in lower case */
  headers: string[];
}

const CALL_HEAD = 5;
const REPLY_HEAD = 6;

export function packFetchCall({ method, url, redirect, body, headers }: FetchCall): string[] {
  return [method, url, redirect, body.kind, body.value].concat(headers);
}

/** Throws a RangeError on anything that {@link packFetchCall} can't have made; method, url and headers are the sender's word. */
export function unpackFetchCall(fields: readonly string[]): FetchCall {
  const [method, url, redirect, kind, value] = fields;
  if (method === undefined || url === undefined) throw malformed();
  return { method, url, redirect: oneOf(redirectModes, redirect), body: unpackBody(kind, value), headers: pairs(fields, CALL_HEAD) };
}

export function packFetchReply({ status, statusText, url, redirected, body, headers }: FetchReply): string[] {
  return [`${status}`, statusText, url, redirected ? '1' : '0', body.kind, body.value].concat(headers);
}

/** Throws a RangeError on anything that {@link packFetchReply} can't have made. */
export function unpackFetchReply(fields: readonly string[]): FetchReply {
  const [status, statusText, url, redirected, kind, value] = fields;
  if (status === undefined || !/^[1-9]\d\d$/.test(status) || statusText === undefined || url === undefined) throw malformed();
  const headers = pairs(fields, REPLY_HEAD);
  return { status: Number(status), statusText, url, redirected: redirected === '1', body: unpackBody(kind, value), headers };
}

function unpackBody(kind: string | undefined, value: string | undefined): CrossingBody {
  const body = { kind: oneOf(bodyKinds, kind), value: value ?? '' };
  if (value === undefined || ((body.kind === 'buffer' || body.kind === 'stream') && !/^\d{1,15}$/.test(value))) throw malformed();
  return body;
}

function oneOf<T extends string>(allowed: readonly T[], value: string | undefined): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw malformed();
  return found;
}

function pairs(fields: readonly string[], start: number): string[] {
  if (fields.length < start || (fields.length - start) % 2 !== 0) throw malformed();
  return fields.slice(start);
}

function malformed(): RangeError {
  return new RangeError('Fields are not those of a fetch call');
}
