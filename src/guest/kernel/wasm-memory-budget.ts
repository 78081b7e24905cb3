/**
 * How much memory of WebAssembly one isolate may have, and in how many memories, each of which takes two of the mappings that a process may have.
 * V8 counts none of it against the isolate's limit. Every memory is made here, also those that modules define (see protocol/wasm-memory.ts): each may
 * grow as far as the isolate's limit, what lives is summed up when another one is asked for, and the host is told the sums with every crossing, so
 * that it ends or replaces an isolate that has come to too much since.
 * Kept in linked records, on which a tenant's accessors for Array and Object have no hold.
 */
import { SharedSlot } from '../../protocol/boundary.ts';
import { WASM_MEMORIES_MAX } from '../../protocol/wasm-memory.ts';
import { arrayBufferByteLength, WeakRefConstructor, weakRefDeref } from './primordials.ts';

const PAGE_BYTES = 65_536;
/** The pages of memories that V8 has not collected yet count too: room for those. */
const PAGES_TOGETHER_PER_MEMORY = 2;

export type BufferOf = (memory: object) => ArrayBuffer;

interface Held {
  readonly memory: WeakRef<object>;
  readonly bufferOf: BufferOf;
  next: Held | undefined;
}

let held: Held | undefined;
let livingMemories = 0;
let pagesMax = 0;

/** Pages of one memory at most. */
export function memoryPagesMax(): number {
  return pagesMax;
}

export function setMemoryPagesMax(pages: number): void {
  pagesMax = pages;
}

/** Throws a RangeError when there is no room for one more memory of that many pages. */
export function admitMemory(pages: number): void {
  const living = livingPages();
  const together = pagesMax * PAGES_TOGETHER_PER_MEMORY;
  if (pages > pagesMax || living + pages > together) throw new RangeError(`WebAssembly memories of this app are limited to ${pagesMax} pages each and ${together} together`);
  if (livingMemories >= WASM_MEMORIES_MAX) throw new RangeError(`An app is limited to ${WASM_MEMORIES_MAX} WebAssembly memories at once`);
}

/** From now on it counts, for as long as it lives. An instance keeps its memories. */
export function holdMemory(memory: object, bufferOf: BufferOf): void {
  held = { memory: new WeakRefConstructor(memory), bufferOf, next: held };
  livingMemories++;
}

/** Tells the host how much there is. */
export function shareMemoryUse(shared: Int32Array): void {
  if (held === undefined) return;
  shared[SharedSlot.wasmPages] = livingPages();
  shared[SharedSlot.wasmMemories] = livingMemories;
}

/** Forgets those that are gone. */
function livingPages(): number {
  let bytes = 0;
  let living: Held | undefined;
  livingMemories = 0;
  for (let one = held; one !== undefined; ) {
    const { next } = one;
    const memory = weakRefDeref(one.memory);
    if (memory !== undefined) {
      one.next = living;
      living = one;
      livingMemories++;
      bytes += arrayBufferByteLength(one.bufferOf(memory));
    }
    one = next;
  }
  held = living;
  return bytes / PAGE_BYTES;
}
