/** https://developers.cloudflare.com/workers/runtime-apis/cache/#accessing-cache */
import { requireArguments, toDOMString } from '../../webidl.ts';
import { type Cache, newCache } from './cache.ts';

const constructing = Symbol('constructing');

export class CacheStorage {
  readonly #default: Cache;

  constructor(token: unknown = undefined) {
    if (token !== constructing) throw new TypeError('Illegal constructor');
    this.#default = newCache('');
  }

  get default(): Cache {
    return this.#default;
  }

  async open(name: unknown): Promise<Cache> {
    void this.#default;
    requireArguments(arguments.length, 1, 'CacheStorage.open');
    return newCache(`name ${toDOMString(name)}`);
  }
}

export const caches = new CacheStorage(constructing);
