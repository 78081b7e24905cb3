/** https://developers.cloudflare.com/workers/runtime-apis/cache/, after https://w3c.github.io/ServiceWorker/#cache-interface. The host stores. */
import { CACHE_CALL, type CacheOp, packCachePut, packCacheRequest } from '../../../../protocol/cache-call.ts';
import { type FetchReply, unpackFetchReply } from '../../../../protocol/fetch-call.ts';
import { host } from '../../../kernel/host-calls.ts';
import { crossingBody, toResponse } from '../../fetch/fetch.ts';
import { outgoingBody } from '../../fetch/body.ts';
import { isRequest, Request, requestParts } from '../../fetch/request.ts';
import { isResponse, type Response, responseParts } from '../../fetch/response.ts';
import { requireArguments, toDictionary } from '../../webidl.ts';

const constructing = Symbol('constructing');

export let newCache: (name: string) => Cache;

export class Cache {
  /** '' is the default cache's */
  readonly #name: string;

  constructor(token: unknown = undefined, name: unknown = undefined) {
    if (token !== constructing) throw new TypeError('Illegal constructor');
    this.#name = String(name);
  }

  /** Undefined when nothing is stored, or the method is not GET; conditions and ranges of the request are answered. */
  async match(request: unknown, options: unknown = undefined): Promise<Response | undefined> {
    const name = this.#name;
    requireArguments(arguments.length, 1, 'Cache.match');
    const key = keyOf(request, options);
    if (key === undefined) return undefined;
    const { fields, buffers } = await call('match', packCacheRequest({ cache: name, ...key }));
    return fields.length === 0 ? undefined : toResponse(unpackFetchReply(fields), buffers, null);
  }

  /** Rejects with a TypeError when the method is not GET, or the response can't be stored for its status, Vary or size. */
  async put(request: unknown, response: unknown): Promise<void> {
    const name = this.#name;
    requireArguments(arguments.length, 2, 'Cache.put');
    const key = keyOf(request, undefined);
    if (!isResponse(response)) throw new TypeError('Cache.put: the second argument is not a Response');
    if (key === undefined) throw new TypeError('Cache.put: only responses to GET can be stored');
    const { status, statusText, list, body } = responseParts(response);
    if (status === 206) throw new TypeError('Cache.put: a partial response can not be stored');
    const outgoing = outgoingBody(body);
    const reply: FetchReply = { status, statusText, url: '', redirected: false, body: crossingBody(outgoing), headers: list };
    await call('put', packCachePut({ cache: name, ...key }, reply), outgoing !== null && 'bytes' in outgoing ? [outgoing.bytes] : []);
  }

  /** Whether there was something to delete. */
  async delete(request: unknown, options: unknown = undefined): Promise<boolean> {
    const name = this.#name;
    requireArguments(arguments.length, 1, 'Cache.delete');
    const key = keyOf(request, options);
    if (key === undefined) return false;
    return (await call('delete', packCacheRequest({ cache: name, ...key }))).fields[0] === '1';
  }

  static {
    newCache = (name) => new Cache(constructing, name);
  }
}

function call(op: CacheOp, fields: string[], buffers: ArrayBufferView[] = []): Promise<{ fields: string[]; buffers: ArrayBuffer[] }> {
  // what is put may be a stream of the app's
  return host().call(`${CACHE_CALL}.${op}`, fields, buffers, op === 'put' ? undefined : 'cache').reply;
}

/** Undefined for a method that is not cached. */
function keyOf(given: unknown, options: unknown): { url: string; headers: string[] } | undefined {
  const { ignoreMethod } = toDictionary(options, 'CacheQueryOptions');
  const { method, url, list } = requestParts(isRequest(given) ? given : new Request(given));
  if (method !== 'GET' && !ignoreMethod) return undefined;
  const [withoutFragment = ''] = url.split('#', 1);
  return { url: withoutFragment, headers: list };
}
