import { setFlagsFromString } from 'node:v8';

/**
 * V8 sizes each isolate's cache of number strings by its largest nursery: 256 KB at the default, 32 KB at 1 MB.
 */
export const TENANT_FLAGS = '--max-semi-space-size=1';

/**
 * To be called once this process's own heap is laid out, so that it keeps its nursery. V8 takes a code cache only under the flags that it was
 * made with: every process that makes or runs tenants' code calls this.
 */
export function applyTenantFlags(): void {
  setFlagsFromString(TENANT_FLAGS);
}
