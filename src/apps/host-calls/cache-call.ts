import { CACHE_CALL, type CacheRequest, unpackCachePut, unpackCacheRequest } from '../../protocol/cache-call.ts';
import { type CrossingBody, packFetchReply } from '../../protocol/fetch-call.ts';
import type { HostCall, HostCallContext, HostCallResult } from '../run/host-call.ts';
import type { AppCaches, StoredResponse } from './app-caches.ts';
import { freshMs, headerOf, isNotModified, rangeOf, varyOf } from './cache-policy.ts';

const EMPTY: HostCallResult = { fields: [], buffers: [] };

/** The Cache API as protocol/cache-call.ts lays it out. */
export function cacheCall(caches: AppCaches, nowMs: () => number = Date.now): HostCall {
  return async (context, name, fields, buffers) => {
    const op = name.slice(CACHE_CALL.length + 1);
    if (op === 'match') return match(caches, context.app, unpackCacheRequest(fields), nowMs());
    if (op === 'put') return put(caches, context, fields, buffers, nowMs);
    if (op !== 'delete') throw new TypeError(`There is no cache.${op.slice(0, 40)}`);
    const request = unpackCacheRequest(fields);
    return { fields: [caches.delete(context.app, keyOf(request), headerIn(request)) ? '1' : '0'], buffers: [] };
  };
}

function keyOf({ cache, url }: CacheRequest): string {
  return `${cache.length}:${cache}${url}`;
}

function headerIn({ headers }: CacheRequest): (name: string) => string | undefined {
  return (name) => headerOf(headers, name);
}

function match(caches: AppCaches, app: string, request: CacheRequest, nowMs: number): HostCallResult {
  const stored = caches.find(app, keyOf(request), headerIn(request), nowMs);
  if (stored === undefined) return EMPTY;
  const age = `${Math.floor((nowMs - stored.storedMs) / 1000)}`;
  const headers = [...stored.headers.filter((_, index) => stored.headers[index - (index % 2)] !== 'age'), 'age', age, 'cf-cache-status', 'HIT'];
  if (isNotModified(request.headers, stored.headers)) return reply(request, { ...stored, status: 304, statusText: 'Not Modified' }, headers, undefined);
  const range = stored.status === 200 ? rangeOf(request.headers, stored.body.length) : undefined;
  if (range === undefined) return reply(request, stored, headers, stored.body);
  const [first, last] = range;
  const part = stored.body.subarray(first, last + 1);
  const kept = headers.filter((_, index) => headers[index - (index % 2)] !== 'content-length');
  kept.push('content-length', `${part.length}`, 'content-range', `bytes ${first}-${last}/${stored.body.length}`);
  return reply(request, { ...stored, status: 206, statusText: 'Partial Content' }, kept, part);
}

function reply({ url }: CacheRequest, { status, statusText }: StoredResponse, headers: string[], body: Uint8Array<ArrayBuffer> | undefined): HostCallResult {
  const crossing: CrossingBody = body === undefined ? { kind: 'none', value: '' } : { kind: 'buffer', value: '0' };
  // a copy: its memory moves into the isolate
  return { fields: packFetchReply({ status, statusText, url, redirected: false, body: crossing, headers }), buffers: body === undefined ? [] : [body.slice().buffer] };
}

async function put(caches: AppCaches, context: HostCallContext, fields: readonly string[], buffers: readonly ArrayBuffer[], nowMs: () => number): Promise<HostCallResult> {
  const { request, response } = unpackCachePut(fields);
  const { status, statusText, headers } = response;
  if (status === 206) throw new TypeError('Cache.put: a partial response can not be stored');
  const vary = varyOf(headers, request.headers);
  if (vary === undefined) throw new TypeError('Cache.put: a response with "Vary: *" can not be stored');
  const body = await takeBody(caches, context, response.body, buffers);
  const storedMs = nowMs();
  const lifeMs = freshMs(status, headers, storedMs);
  if (lifeMs === 0) return EMPTY;
  const stored = { status, statusText, headers, body, vary, storedMs, expiresMs: storedMs + lifeMs };
  if (!caches.put(context.app, keyOf(request), stored, headerIn(request))) throw tooLarge(caches);
  return EMPTY;
}

function tooLarge({ appBytesMax }: AppCaches): TypeError {
  return new TypeError(`Cache.put: the responses that an app stores may have ${appBytesMax} bytes together`);
}

async function takeBody(caches: AppCaches, context: HostCallContext, { kind, value }: CrossingBody, buffers: readonly ArrayBuffer[]): Promise<Uint8Array<ArrayBuffer>> {
  if (kind === 'none') return new Uint8Array(0);
  if (kind === 'text') return new Uint8Array(Buffer.from(value));
  if (kind === 'buffer') return new Uint8Array(buffers[Number(value)] ?? new ArrayBuffer(0));
  const reader = context.readStream(Number(value));
  const chunks: Uint8Array[] = [];
  let reserved = 0;
  try {
    for (let chunk = await reader.read(); chunk !== null; chunk = await reader.read()) {
      if (!caches.reserve(context.app, chunk.length)) throw tooLarge(caches);
      reserved += chunk.length;
      chunks.push(chunk);
    }
  } catch (error) {
    reader.cancel();
    throw error;
  } finally {
    caches.reserve(context.app, -reserved);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
