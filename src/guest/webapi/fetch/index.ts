import type { InboundStream } from '../../kernel/host-calls.ts';
import type { AbortSignal } from '../dom/index.ts';
import { URL } from '../url/index.ts';
import { defineGlobal, exposeInterface } from '../webidl.ts';
import type { OutgoingBody } from './body.ts';
import { Body, outgoingBody } from './body.ts';
import { withContentLength } from './content-length.ts';
import { fetch } from './fetch.ts';
import { Headers } from './headers.ts';
import { Request, RequestParts } from './request.ts';
import { isResponse, Response, responseParts } from './response.ts';
import { isSerializedUrl } from './serialized-url.ts';

export type { OutgoingBody } from './body.ts';
export { fetch } from './fetch.ts';
export { Headers } from './headers.ts';
export { Request } from './request.ts';
export { Response } from './response.ts';

export function installFetch(global: Record<string, unknown>): void {
  for (const [name, interfaceClass] of Object.entries({ Headers, Request, Response })) exposeInterface(global, name, interfaceClass);
  defineGlobal(global, 'fetch', fetch, true);
}

export interface IncomingRequest {
  method: string;
  url: string;
  /** name, value, name, value, …: lower-case names as they came, duplicates possible */
  headers: string[];
  body: null | { text: string } | { bytes: ArrayBuffer } | { stream: InboundStream };
  /** Is called when a program first needs it. */
  signal(): AbortSignal;
}

/** The request belongs to the program from then on: `headers` and `bytes` must not be used elsewhere. */
export function requestFromHost(incoming: IncomingRequest): Request {
  const { method, url, headers, body } = incoming;
  const parts = new RequestParts(method, isSerializedUrl(url) ? url : serialize(url), headers, incomingBody(body), true);
  parts.signal = () => incoming.signal();
  return new Request(parts);
}

function serialize(url: string): string {
  return URL.canParse(url) ? new URL(url).href : url;
}

function incomingBody(body: IncomingRequest['body']): Body | null {
  if (body === null) return null;
  if ('text' in body) return new Body(body.text, null, null);
  return new Body('bytes' in body ? new Uint8Array(body.bytes) : body.stream, null, null);
}

export interface OutgoingResponse {
  status: number;
  statusText: string;
  /** name, value, name, value, …; names in lower case */
  headers: string[];
  body: OutgoingBody;
}

/**
 * Text of more than 64 Ki code units and bytes of more than 256 KiB are offered as a source in slices.
 * Throws a TypeError when `value` is not a Response, is a network error, or its body is used or locked.
 */
export function outgoingResponse(value: unknown): OutgoingResponse {
  if (!isResponse(value)) throw new TypeError('The handler did not return a Response');
  const { status, statusText, list, body } = responseParts(value);
  if (status === 0) throw new TypeError('The handler returned Response.error()');
  const headers = withContentLength(list, body);
  return { status, statusText, headers, body: outgoingBody(body) };
}
