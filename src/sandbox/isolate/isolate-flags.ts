import { setFlagsFromString } from 'node:v8';

/**
 * V8 sizes each isolate's cache of number strings by its largest nursery: 256 KB at the default, 32 KB at 1 MB. And it sets 2 KB aside in each
 * for every thread that might mark its heap.
 */
export const TENANT_FLAGS = '--max-semi-space-size=1 --concurrent-marking-max-worker-num=1';

/**
 * To be called once this process's own heap is laid out, so that it keeps its nursery. V8 takes a code cache only under the flags that it was
 * made with: every process that makes or runs tenants' code calls this.
 */
export function applyTenantFlags(): void {
  setFlagsFromString(TENANT_FLAGS);
}
