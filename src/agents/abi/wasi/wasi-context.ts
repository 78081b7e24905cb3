import type { BlockingCalls } from '../blocking-calls.ts';
import type { GuestMemory } from '../guest-memory.ts';
import type { WasiName } from '../import-signatures.ts';
import type { Descriptors } from './descriptors.ts';
import type { WasiFiles } from './wasi-files.ts';

/** What the functions of WASI work on. */
export interface WasiContext {
  readonly calls: BlockingCalls;
  readonly memory: GuestMemory;
  readonly descriptors: Descriptors;
  readonly files: WasiFiles;
}

/** Functions by name. Each throws a WasiError, a CallFailed or a MemoryFault; what returns succeeded. i64s are bigints. */
export type WasiFunctions = { readonly [N in WasiName]?: (...args: never[]) => void };
