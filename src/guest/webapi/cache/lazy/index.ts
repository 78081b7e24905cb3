import { Cache } from './cache.ts';
import { caches, CacheStorage } from './cache-storage.ts';

export function loadCache(): { Cache: typeof Cache; CacheStorage: typeof CacheStorage; caches: CacheStorage } {
  return { Cache, CacheStorage, caches };
}
