import { setFlagsFromString } from 'node:v8';

/**
 * Flags for tenants' isolates alone: set once this process's own heap is laid out. V8 sizes each isolate's cache of number strings by its
 * largest nursery, 256 KB at the default and 32 KB at 1 MB. V8 takes a code cache only under the flags that it was made with, so every
 * process that makes or runs tenants' code imports this file.
 */
export const TENANT_FLAGS = '--max-semi-space-size=1';

setFlagsFromString(TENANT_FLAGS);
