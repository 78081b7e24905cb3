import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { GuestState } from './guest-state.ts';
import { MemoryImage } from './memory-image.ts';
import { HASH_BYTES, hashPage, PAGE_BYTES, PAGES_PER_WASM_PAGE } from './memory-page.ts';
import { hashState } from './state-hash.ts';

/** The least that zlib takes as the size of its output buffer. */
const CHUNK_BYTES_MIN = 64;

/** Pages, and in what they differ from the image's (XOR), one after the other. */
interface PackedPages {
  readonly indexes: readonly number[];
  readonly content: Uint8Array;
  /** before compression */
  readonly length: number;
}

/**
 * Follows one guest's memory from rest to rest: tells which 4 KB pages changed and keeps the state's hash, so that only changed pages are hashed again.
 * It holds a copy of the pages that differ from the module's image and 32 bytes for every page.
 */
export class StateTracker {
  readonly image: MemoryImage;
  #own = new Map<number, Uint8Array>();
  #pages: number;
  #pageHashes: Uint8Array;
  #packed: PackedPages | undefined;

  constructor(image: MemoryImage) {
    this.image = image;
    this.#pages = image.pages;
    this.#pageHashes = image.pageHashes(image.pages);
  }

  /** Keeps what it holds compressed, until it is asked for anything again: some ms later. To be called where that is not to be expected for a while. */
  pack(): void {
    if (this.#packed !== undefined) return;
    const indexes = this.ownPages();
    const content = Buffer.concat(indexes.map((index) => exclusiveOr(this.page(index), this.image.page(index))));
    // Deflate leaves less behind than zstd; and what it gives is a view of more.
    this.#packed = { indexes, content: new Uint8Array(deflateRawSync(content, { level: 1 })), length: content.length };
    this.#own = new Map();
    this.#pageHashes = new Uint8Array(0);
  }

  #unpack(): void {
    if (this.#packed === undefined) return;
    const { indexes, content, length } = this.#packed;
    this.#packed = undefined;
    const pages = inflateRawSync(content, { chunkSize: length + CHUNK_BYTES_MIN });
    this.#pageHashes = this.image.pageHashes(this.#pages);
    for (const [place, index] of indexes.entries()) {
      const page = exclusiveOr(pages.subarray(place * PAGE_BYTES, (place + 1) * PAGE_BYTES), this.image.page(index));
      this.#own.set(index, page);
      this.#pageHashes.set(hashPage(page), index * HASH_BYTES);
    }
  }

  /** Content of a page when it was last seen. */
  page(index: number): Uint8Array {
    this.#unpack();
    return this.#own.get(index) ?? this.image.page(index);
  }

  /** The pages that differed from the image when they were last seen, ascending. */
  ownPages(): number[] {
    this.#unpack();
    return [...this.#own.keys()].toSorted((a, b) => a - b);
  }

  /** The pages of `memory` that differ from what was last seen, ascending. */
  changedPages(memory: Uint8Array): number[] {
    this.#unpack();
    const live = Buffer.from(memory.buffer, memory.byteOffset, memory.length);
    const changed: number[] = [];
    for (let index = 0, start = 0; start < live.length; index++, start += PAGE_BYTES) {
      if (live.compare(this.page(index), 0, PAGE_BYTES, start, start + PAGE_BYTES) !== 0) changed.push(index);
    }
    return changed;
  }

  /** Takes `state` as seen, `changed` being what `changedPages` says of it; gives its hash. */
  see(state: GuestState, changed: readonly number[] = this.changedPages(state.memory)): string {
    this.#unpack();
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

function exclusiveOr(page: Uint8Array, base: Uint8Array): Uint8Array {
  const result = new Uint8Array(PAGE_BYTES);
  for (let index = 0; index < PAGE_BYTES; index++) result[index] = (page[index] ?? 0) ^ (base[index] ?? 0);
  return result;
}
