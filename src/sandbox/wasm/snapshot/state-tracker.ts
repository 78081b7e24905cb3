import type { GuestState } from './guest-state.ts';
import { MemoryImage } from './memory-image.ts';
import { HASH_BYTES, hashPage, PAGE_BYTES, PAGES_PER_WASM_PAGE } from './memory-page.ts';
import { hashState } from './state-hash.ts';

/**
 * Follows one guest's memory from rest to rest: tells which 4 KB pages changed and keeps the state's hash, so that only changed pages are hashed again.
 * It holds a copy of the pages that differ from the module's image and 32 bytes for every page.
 */
export class StateTracker {
  readonly image: MemoryImage;
  readonly #own = new Map<number, Uint8Array>();
  #pages: number;
  #pageHashes: Uint8Array;

  constructor(image: MemoryImage) {
    this.image = image;
    this.#pages = image.pages;
    this.#pageHashes = image.pageHashes(image.pages);
  }

  /** Content of a page when it was last seen. */
  page(index: number): Uint8Array {
    return this.#own.get(index) ?? this.image.page(index);
  }

  /** The pages that differed from the image when they were last seen, ascending. */
  ownPages(): number[] {
    return [...this.#own.keys()].toSorted((a, b) => a - b);
  }

  /** The pages of `memory` that differ from what was last seen, ascending. */
  changedPages(memory: Uint8Array): number[] {
    const live = Buffer.from(memory.buffer, memory.byteOffset, memory.length);
    const changed: number[] = [];
    for (let index = 0, start = 0; start < live.length; index++, start += PAGE_BYTES) {
      if (live.compare(this.page(index), 0, PAGE_BYTES, start, start + PAGE_BYTES) !== 0) changed.push(index);
    }
    return changed;
  }

  /** Takes `state` as seen, `changed` being what `changedPages` says of it; gives its hash. */
  see(state: GuestState, changed: readonly number[] = this.changedPages(state.memory)): string {
    this.#grow(state.pages);
    for (const index of changed) {
      const page = state.memory.subarray(index * PAGE_BYTES, (index + 1) * PAGE_BYTES);
      this.#pageHashes.set(hashPage(page), index * HASH_BYTES);
      this.#keep(index, page);
    }
    return hashState(this.#pages, this.#pageHashes, state.globals);
  }

  #grow(pages: number): void {
    if (pages === this.#pages) return;
    const hashes = this.image.pageHashes(pages);
    hashes.set(this.#pageHashes.subarray(0, pages * PAGES_PER_WASM_PAGE * HASH_BYTES));
    this.#pageHashes = hashes;
    this.#pages = pages;
  }

  #keep(index: number, page: Uint8Array): void {
    if (Buffer.compare(page, this.image.page(index)) === 0) {
      this.#own.delete(index);
      return;
    }
    const kept = this.#own.get(index);
    if (kept === undefined) this.#own.set(index, new Uint8Array(page));
    else kept.set(page);
  }
}
