import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Pages of 64 KB; V8 counts no WebAssembly memory against an isolate's limit. */
const WASM_PAGES_MAX = 2048;

/**
 * Flags of V8 that decide what isolates do and what their code caches are good for: a cache made under others is rejected.
 * Every process that runs tenants' code has the same. Where WebAssembly's bounds are kept by traps, V8 reserves 10 GB of addresses for each memory,
 * and 13,000 of them take all that a process has; where they are kept by comparisons, as far as the memory may grow.
 */
export const ISOLATE_FLAGS: readonly string[] = ['--no-node-snapshot', '--disable-wasm-trap-handler', `--wasm-max-mem-pages=${WASM_PAGES_MAX}`];

/** The permission model looks at what a path is when it is written out: a descriptor leads on only to what was opened with its permission. */
const DESCRIPTORS = '/proc/self/fd/';

export type ChildKind = 'cell' | 'builder' | 'evaluator' | 'restorer' | 'agents';

export interface ChildFlagOptions {
  /** files and folders that a confined process may read besides the program itself; `/*` at the end of a folder that its user can't reach by its path */
  readonly readable?: readonly string[];
  /** folders that the agents' process may write in */
  readonly writable?: readonly string[];
  /** heap of the process's own code */
  readonly heapMbMax?: number;
}

/** `execArgv` of a process of the host. Those that run tenants' code get Node's permission model: no writes, no processes, few reads. */
export function childFlags(kind: ChildKind, { readable = [], writable = [], heapMbMax }: ChildFlagOptions = {}): string[] {
  const quiet = '--disable-warning=ExperimentalWarning';
  if (kind === 'builder') return ['--no-node-snapshot', quiet, ...(heapMbMax === undefined ? [] : [`--max-old-space-size=${heapMbMax}`])];
  if (kind === 'agents') {
    // Files are opened in folders that are open already, by way of their descriptors. Guests are in WebAssembly: no flag of V8's isolates concerns them.
    const reads = [...programFolders(), ...readable, DESCRIPTORS].map((path) => `--allow-fs-read=${path}`);
    const writes = [...writable, DESCRIPTORS].map((path) => `--allow-fs-write=${path}`);
    return ['--no-node-snapshot', quiet, '--disable-warning=SecurityWarning', '--permission', '--allow-worker', ...reads, ...writes];
  }
  // isolated-vm's loader looks for the last one to tell one C library from another
  const reads = [...programFolders(), ...readable, '/etc/alpine-release'].map((path) => `--allow-fs-read=${path}`);
  return [...ISOLATE_FLAGS, quiet, '--disable-warning=SecurityWarning', '--permission', '--allow-addons', ...reads];
}

/** All that a process of ours may know of its surroundings. */
export const CHILD_ENVIRONMENT = { TZ: 'UTC', LANG: 'en_US.UTF-8' } as const;

/**
 * Of a cell, whose threads all use one arena of glibc's: what one isolate's native objects leave there, the next one takes. An arena a thread would
 * keep as much again for each thread. Buffers of 512 KB or more are mapped each by itself, so that the system has them back when their isolate goes:
 * left alone, glibc raises that mark to 32 MB as it goes, and keeps what lies below it. 32 MB of free memory are kept all the same: giving back a
 * little after each request, to ask for it again with the next, costs more than it saves.
 * Node's threads are two more than calls of `crypto.subtle` that take long may hold at once (apps/host-calls/subtle.ts).
 */
export const CELL_ENVIRONMENT = { ...CHILD_ENVIRONMENT, MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '524288', MALLOC_TRIM_THRESHOLD_: '33554432', UV_THREADPOOL_SIZE: '6' } as const;

/** Our sources and packages, and nothing else of the folder that they are in: a repository may also hold apps, their secrets and a data directory. */
export function programFolders(): string[] {
  const own = fileURLToPath(new URL('../', import.meta.url));
  const beside = ['../../package.json', '../../node_modules/'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const packages = outermostPackages(realpathSync(createRequire(import.meta.url).resolve('isolated-vm')));
  return [...new Set([...[own, ...beside].map(outermostPackages), packages])];
}

function outermostPackages(path: string): string {
  const at = path.indexOf('/node_modules/');
  return at < 0 ? path : path.slice(0, at + '/node_modules/'.length);
}
