import { exposeLazily } from '../webidl.ts';
import { loadCache } from './lazy/index.ts';

export function installCache(global: Record<string, unknown>): void {
  exposeLazily(global, ['Cache', 'CacheStorage'], loadCache);
  exposeLazily(global, ['caches'], loadCache, { enumerable: true });
}
