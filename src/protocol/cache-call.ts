/**
 * What crosses for the Cache API: host calls named "cache.<op>" and their replies as lists of string fields.
 *
 *     match    cache, url, name, value, …                            reply: nothing, or that of fetch-call.ts
 *     delete   cache, url, name, value, …                            reply: '1' | '0'
 *     put      cache, url, count of header fields, name, value, …, then a reply of fetch-call.ts     reply: nothing
 *
 * Requests are GET and have no body; `url` is without fragment. Bodies of responses cross as those of fetch do.
 */
import { type FetchReply, packFetchReply, unpackFetchReply } from './fetch-call.ts';

export const CACHE_CALL = 'cache';

export const cacheOps = ['match', 'put', 'delete'] as const;
export type CacheOp = (typeof cacheOps)[number];

export interface CacheRequest {
  /** '' for the default cache */
  readonly cache: string;
  readonly url: string;
  /** name, value, name, value, …; names in lower case */
  readonly headers: readonly string[];
}

export function packCacheRequest({ cache, url, headers }: CacheRequest): string[] {
  return [cache, url, ...headers];
}

export function packCachePut({ cache, url, headers }: CacheRequest, response: FetchReply): string[] {
  return [cache, url, `${headers.length}`, ...headers, ...packFetchReply(response)];
}

/** Throws a RangeError on anything that {@link packCacheRequest} can't have made. */
export function unpackCacheRequest([cache, url, ...headers]: readonly string[]): CacheRequest {
  if (cache === undefined || url === undefined || headers.length % 2 !== 0) throw malformed();
  return { cache, url, headers };
}

/** Throws a RangeError on anything that {@link packCachePut} can't have made. */
export function unpackCachePut([cache, url, count, ...rest]: readonly string[]): { request: CacheRequest; response: FetchReply } {
  if (count === undefined || !/^\d{1,6}$/.test(count) || Number(count) > rest.length) throw malformed();
  return { request: unpackCacheRequest([cache!, url!, ...rest.slice(0, Number(count))]), response: unpackFetchReply(rest.slice(Number(count))) };
}

function malformed(): RangeError {
  return new RangeError('Fields are not those of a cache call');
}
