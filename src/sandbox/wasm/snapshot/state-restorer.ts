import type { GuestState } from './guest-state.ts';
import { applyDifference } from './memory-difference.ts';
import type { MemoryImage } from './memory-image.ts';
import { HASH_BYTES, hashPage, PAGE_BYTES } from './memory-page.ts';
import { decodeSnapshotBody, snapshotCorrupt, type DecodedBody, type SnapshotHead } from './snapshot-body.ts';
import { hashState } from './state-hash.ts';

/** Up to so many changed pages (2 MB, some 2 ms) the state's hash is computed again on every restore. */
export const VERIFIED_PAGES_MAX = 512;

export interface RestorerOptions {
  /** a state that needs more memory, in pages of 64 KB, is refused */
  readonly memoryPagesMax: number;
  /** Gives memory of `pages` × 64 KB to be restored into: it holds the module's image, or what was restored into it before, and zeros behind that. */
  readonly into: (pages: number) => Uint8Array;
}

/**
 * Restores the state that a chain of snapshots ends with, all at once or the keyframe long before the rest. That the bodies are those that were recorded is for the caller to know.
 * Any method throws `snapshot_corrupt`; the memory is then spoilt.
 */
export class StateRestorer {
  readonly #image: MemoryImage;
  readonly #options: RestorerOptions;
  #head: SnapshotHead | undefined;
  #memory: Uint8Array = new Uint8Array(0);
  /** what `#pageHashes` are of; absent: of the image */
  #verified: SnapshotHead | undefined;
  #pageHashes: Uint8Array | undefined;
  /** 4 KB pages that were changed since */
  readonly #changed = new Set<number>();

  /** `image`: of the module that the snapshots were taken of. */
  constructor(image: MemoryImage, options: RestorerOptions) {
    this.#image = image;
    this.#options = options;
  }

  /** A keyframe unless there was one before, and deltas each of which follows on the state before it, which is verified for all before the first is applied. */
  apply(bodies: readonly Uint8Array[]): void {
    const chain = bodies.map((body) => decodeSnapshotBody(body, this.#options.memoryPagesMax));
    const last = this.#check(chain);
    this.#memory = this.#options.into(last.pages);
    for (const body of chain) this.#apply(body);
    this.#head = last;
  }

  /** Computes the state's hash again, from the pages that changed since it was done last, and compares it; where those are more than VERIFIED_PAGES_MAX only when told so by `all`. */
  verify({ all = false } = {}): void {
    const { pages, globals, stateHash } = this.#restored();
    if (this.#verified === this.#head || (this.#changed.size > VERIFIED_PAGES_MAX && !all)) return;
    const hashes = this.#hashesFor(pages);
    for (const index of this.#changed) hashes.set(hashPage(this.#memory.subarray(index * PAGE_BYTES, (index + 1) * PAGE_BYTES)), index * HASH_BYTES);
    if (hashState(pages, hashes, globals) !== stateHash) throw snapshotCorrupt('the restored state has another hash');
    this.#verified = this.#head;
    this.#pageHashes = hashes;
    this.#changed.clear();
  }

  /** Verified as `verify` does. */
  state(): GuestState {
    this.verify();
    const { pages, globals } = this.#restored();
    return { pages, memory: this.#memory, globals };
  }

  #restored(): SnapshotHead {
    if (this.#head === undefined) throw snapshotCorrupt('there is no keyframe');
    return this.#head;
  }

  #check(chain: readonly DecodedBody[]): SnapshotHead {
    let base = this.#head;
    for (const [index, { head }] of chain.entries()) {
      const kind = base === undefined ? 'key' : 'delta';
      const { stateHash, pages } = base ?? { stateHash: this.#image.hash, pages: this.#image.pages };
      if (head.kind !== kind || head.baseHash !== stateHash || head.pages < pages) {
        throw snapshotCorrupt(kind === 'key' ? 'it does not begin with a keyframe of this module' : `snapshot ${index} does not follow on the one before`);
      }
      base = head;
    }
    return base ?? this.#restored();
  }

  #apply({ head, difference }: DecodedBody): void {
    const zeroFrom = head.kind === 'key' ? this.#image.bytes.length : this.#memory.length;
    if (!applyDifference(difference(), this.#memory, zeroFrom, this.#changed)) throw snapshotCorrupt('it is not of this memory');
  }

  /** Of the last verified state, grown to this size; what it grew by is zero. */
  #hashesFor(pages: number): Uint8Array {
    const hashes = this.#image.pageHashes(pages);
    if (this.#pageHashes !== undefined) hashes.set(this.#pageHashes);
    return hashes;
  }
}
