import { hashState } from './state-hash.ts';
import { HASH_BYTES, hashPage, PAGE_BYTES, PAGES_PER_WASM_PAGE, ZERO_PAGE, ZERO_PAGE_HASH } from './memory-page.ts';

/**
 * The memory that a module's instances start with. One serves all guests of a module: what a guest has not changed is neither copied nor hashed for it,
 * and keyframes hold only what differs from it.
 */
export class MemoryImage {
  /** size in pages of 64 KB */
  readonly pages: number;
  /** from address 0 up to the last byte that is not zero, in whole 4 KB pages */
  readonly bytes: Uint8Array;
  #pageHashes: Uint8Array | undefined;
  #hash: string | undefined;

  /** `pages` of 64 KB; what `memory` is shorter than that is zero. It is copied. */
  constructor(pages: number, memory: Uint8Array) {
    this.pages = pages;
    this.bytes = trimmed(memory);
  }

  /** 4 KB page `index`, also past the end of the memory, where all is zero. */
  page(index: number): Uint8Array {
    const start = index * PAGE_BYTES;
    return start < this.bytes.length ? this.bytes.subarray(start, start + PAGE_BYTES) : ZERO_PAGE;
  }

  /** SHA-256 of each page of a memory of `pages` pages of 64 KB that starts with this image; a fresh copy. */
  pageHashes(pages: number): Uint8Array {
    this.#pageHashes ??= hashesOf(this.bytes);
    const hashes = new Uint8Array(pages * PAGES_PER_WASM_PAGE * HASH_BYTES);
    hashes.set(this.#pageHashes);
    for (let at = this.#pageHashes.length; at < hashes.length; at += HASH_BYTES) hashes.set(ZERO_PAGE_HASH, at);
    return hashes;
  }

  /** `hashState` of the image without globals: what keyframes name as their base. */
  get hash(): string {
    this.#hash ??= hashState(this.pages, this.pageHashes(this.pages), []);
    return this.#hash;
  }
}

/** A copy up to the last page that holds more than zeros. */
function trimmed(memory: Uint8Array): Uint8Array {
  let pages = Math.ceil(memory.length / PAGE_BYTES);
  while (pages > 0 && isZero(memory.subarray((pages - 1) * PAGE_BYTES, pages * PAGE_BYTES))) pages--;
  const bytes = new Uint8Array(pages * PAGE_BYTES);
  bytes.set(memory.subarray(0, bytes.length));
  return bytes;
}

function isZero(page: Uint8Array): boolean {
  return Buffer.compare(page, ZERO_PAGE.subarray(0, page.length)) === 0;
}

function hashesOf(bytes: Uint8Array): Uint8Array {
  const hashes = new Uint8Array((bytes.length / PAGE_BYTES) * HASH_BYTES);
  for (let page = 0; page * PAGE_BYTES < bytes.length; page++) {
    hashes.set(hashPage(bytes.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES)), page * HASH_BYTES);
  }
  return hashes;
}
