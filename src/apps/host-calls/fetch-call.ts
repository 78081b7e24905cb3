import { isUtf8 } from 'node:buffer';
import type { Egress, EgressResponse } from '../../net/egress/egress.ts';
import { packFetchReply, unpackFetchCall, type CrossingBody } from '../../protocol/fetch-call.ts';
import type { HostCall, HostCallContext, HostCallResult } from '../run/host-call.ts';
import { readAtOnce } from './read-at-once.ts';

/** A body of known length up to this is handed over whole, in one crossing, when it came with its head. */
const WHOLE_BODY_BYTES_MAX = 64 * 1024;

/** `fetch` as protocol/fetch-call.ts lays it out. `open` is called at the first fetch: a cell whose apps never fetch does without the client. */
export function fetchCall(open: () => Promise<Egress>): HostCall {
  let egress: Promise<Egress> | undefined;
  return async (context, _name, fields, buffers) => {
    const { method, url, redirect, body, headers } = unpackFetchCall(fields);
    const request = { method, url, headers, redirect, body: requestBody(context, body, buffers) };
    egress ??= open();
    const response = await (await egress).fetch(request, context.egress, context.signal, context);
    return reply(context, response);
  };
}

function requestBody(context: HostCallContext, { kind, value }: CrossingBody, buffers: readonly ArrayBuffer[]): Uint8Array | AsyncIterable<Uint8Array> | null {
  if (kind === 'text') return Buffer.from(value);
  if (kind === 'buffer') return new Uint8Array(buffers[Number(value)] ?? new ArrayBuffer(0));
  return kind === 'stream' ? chunksOf(context, Number(value)) : null;
}

/** The guest's stream; giving it up ends it at once, even while a chunk is awaited. */
function chunksOf(context: HostCallContext, streamId: number): AsyncIterable<Uint8Array> {
  const reader = context.readStream(streamId);
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const chunk = await reader.read();
        return chunk === null ? { done: true, value: undefined } : { done: false, value: chunk };
      },
      return() {
        reader.cancel();
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
}

async function reply(context: HostCallContext, response: EgressResponse): Promise<HostCallResult> {
  const { body, buffers } = await replyBody(context, response);
  return { fields: packFetchReply({ ...response, body }), buffers };
}

/** `fetch` resolves with the response's head, however long its body takes. */
async function replyBody(context: HostCallContext, { headers, body }: EgressResponse): Promise<{ body: CrossingBody; buffers: ArrayBuffer[] }> {
  if (body === null) return { body: { kind: 'none', value: '' }, buffers: [] };
  const bytes = knownLength(headers) > WHOLE_BODY_BYTES_MAX ? body : await readAtOnce(body);
  if (!Buffer.isBuffer(bytes)) {
    context.signal.throwIfAborted();
    return { body: { kind: 'stream', value: `${context.offerStream(bytes)}` }, buffers: [] };
  }
  if (isUtf8(bytes) && bytes[0] !== 0xef) return { body: { kind: 'text', value: bytes.toString('utf8') }, buffers: [] };
  return { body: { kind: 'buffer', value: '0' }, buffers: [new Uint8Array(bytes).buffer] };
}

function knownLength(headers: readonly string[]): number {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'content-length') return Number(headers[i + 1]);
  }
  return Infinity;
}
