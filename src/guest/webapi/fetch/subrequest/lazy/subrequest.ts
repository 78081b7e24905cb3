/** https://fetch.spec.whatwg.org/#fetch-method. The host connects, follows redirects and guards egress. */
import type { CrossingBody, FetchReply } from '../../../../../protocol/fetch-call.ts';
import { FETCH_CALL, packFetchCall, unpackFetchReply } from '../../../../../protocol/fetch-call.ts';
import type { HostCall, HostReply } from '../../../../kernel/host-calls.ts';
import { host } from '../../../../kernel/host-calls.ts';
import type { AbortSignal } from '../../../dom/index.ts';
import { addAbortAlgorithm } from '../../../dom/index.ts';
import { abortableStream } from '../../abortable-stream.ts';
import type { OutgoingBody } from '../../body.ts';
import { Body, outgoingBody } from '../../body.ts';
import { withContentLength } from '../../content-length.ts';
import { fetchDataUrl } from '../../lazy/index.ts';
import { isRequest, Request, requestParts } from '../../request.ts';
import type { Response } from '../../response.ts';
import { isNullBodyStatus, responseFrom } from '../../response.ts';

/** Another way to the same: a host call that takes `first` in front of the fields of `fetch`. `given`: how many arguments there were. */
export async function fetchThrough(road: { readonly call: string; readonly first: readonly string[] }, input: unknown, init: unknown, given: number): Promise<Response> {
  if (given === 0) throw new TypeError('fetch: 1 argument required, but only 0 present');
  const request = isRequest(input) && (init === undefined || init === null) ? input : new Request(input, init);
  const { method, url, redirect, list, body, signal: signalSource } = requestParts(request);
  const signal = signalSource === null ? null : signalSource();
  const headers = withContentLength(list, body);
  const outgoing = outgoingBody(body);
  if (signal !== null && signal.aborted) {
    cancelBody(outgoing, signal.reason);
    throw signal.reason;
  }
  if (url.startsWith('data:') && road.call === FETCH_CALL) return fetchDataUrl(url, method);
  if (!/^https?:/.test(url)) throw new TypeError(`fetch: scheme of ${url.slice(0, 100)} is not supported`);
  const buffers = outgoing !== null && 'bytes' in outgoing ? [outgoing.bytes] : [];
  const call = host().call(road.call, [...road.first, ...packFetchCall({ method, url, redirect, body: crossingBody(outgoing), headers })], buffers);
  const reply = await (signal === null ? call.reply : abortableReply(call, outgoing, signal));
  return toResponse(unpackFetchReply(reply.fields), reply.buffers, signal);
}

/** Offers the stream of a body that has one. */
export function crossingBody(body: OutgoingBody): CrossingBody {
  if (body === null) return { kind: 'none', value: '' };
  if ('text' in body) return { kind: 'text', value: body.text };
  if ('bytes' in body) return { kind: 'buffer', value: '0' };
  return { kind: 'stream', value: `${host().outbound(body.source)}` };
}

function cancelBody(body: OutgoingBody, reason: unknown): void {
  if (body !== null && 'source' in body) body.source.cancel(reason);
}

/** https://fetch.spec.whatwg.org/#abort-fetch */
function abortableReply(call: HostCall, body: OutgoingBody, signal: AbortSignal): Promise<HostReply> {
  return new Promise((resolve, reject) => {
    const stopListening = addAbortAlgorithm(signal, () => {
      call.cancel();
      cancelBody(body, signal.reason);
      reject(signal.reason);
    });
    call.reply.finally(stopListening).then(resolve, reject);
  });
}

/** A response of the host. */
export function toResponse(reply: FetchReply, buffers: ArrayBuffer[], signal: AbortSignal | null): Response {
  const { status, statusText, redirected, headers } = reply;
  const body = isNullBodyStatus(status) ? null : toBody(reply.body, buffers, signal);
  if (body !== null) body.signal = signal;
  const [url = ''] = reply.url.split('#', 1);
  return responseFrom({ status, statusText, list: headers, body, origin: { type: 'basic', url, redirected, immutable: true } });
}

function toBody({ kind, value }: CrossingBody, buffers: ArrayBuffer[], signal: AbortSignal | null): Body | null {
  if (kind === 'none') return null;
  if (kind === 'text') return new Body(value, null, null);
  if (kind === 'buffer') return new Body(new Uint8Array(buffers[Number(value)] as ArrayBuffer), null, null);
  const inbound = host().inbound(Number(value));
  return new Body(signal === null ? inbound : abortableStream(inbound, signal), null, null);
}
