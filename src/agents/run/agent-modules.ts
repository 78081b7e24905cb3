import { join } from 'node:path';
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import { ModuleCache } from '../../sandbox/wasm/module-cache.ts';

/** Modules that stay compiled when no run has them: the next run of the same agent starts in a fraction of the time. */
const RECENT_MAX = 16;

const caches = new Map<string, ModuleCache>();
const recent = new Set<MeteredModule>();

/** The modules of a data directory: one object for the whole process, so that runs of one agent share its compiled code. */
export function agentModules(dataDir: string): ModuleCache {
  const folder = join(dataDir, 'modules');
  const cache = caches.get(folder) ?? new ModuleCache(folder);
  caches.set(folder, cache);
  return cache;
}

/** Notes that a module was used. */
export function keepCompiled(module: MeteredModule): void {
  recent.delete(module);
  recent.add(module);
  for (const oldest of recent) {
    if (recent.size <= RECENT_MAX) break;
    recent.delete(oldest);
  }
}
