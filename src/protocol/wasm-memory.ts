/**
 * How many memories of WebAssembly an isolate may have, and how the builder tells its boundary of those that a module defines: it makes them imports,
 * from {@link MEMORY_MODULE}, whose names say what was declared. Inside the guest it runs on captured primordials only.
 */
import { stringIndexOf, stringSlice } from '../util/primordials.ts';

/** Memories that live in one isolate, V8's garbage included: with more than the first it is replaced, more than the second are not made. */
export const WASM_MEMORIES_KEPT_MAX = 64;
export const WASM_MEMORIES_MAX = 128;

/** First name of such an import. */
export const MEMORY_MODULE = 'nanos:memory';

export interface DeclaredMemory {
  /** pages of 64 KB */
  readonly initial: number;
  readonly maximum: number | undefined;
  readonly shared: boolean;
}

/** Second name of the import; `index` makes it the only one of its kind. */
export function memoryName(index: number, { initial, maximum, shared }: DeclaredMemory): string {
  return `${index},${initial},${maximum ?? ''},${shared ? 1 : 0}`;
}

/** What {@link memoryName} said. A name that it can't have made gives numbers that are none. */
export function declaredMemory(name: string): DeclaredMemory {
  const second = stringIndexOf(name, ',') + 1;
  const third = stringIndexOf(name, ',', second) + 1;
  const fourth = stringIndexOf(name, ',', third) + 1;
  const maximum = stringSlice(name, third, fourth - 1);
  return { initial: +stringSlice(name, second, third - 1), maximum: maximum === '' ? undefined : +maximum, shared: stringSlice(name, fourth) === '1' };
}
