import type { GuestState } from './guest-state.ts';
import { diffMemory, type MemoryDifference } from './memory-difference.ts';
import type { MemoryImage } from './memory-image.ts';
import { encodeSnapshotBody, SNAPSHOT_PAGES_MAX } from './snapshot-body.ts';
import { StateTracker } from './state-tracker.ts';

/** A guest of up to this size is looked at whenever it rests, one of up to n times this size every n-th time, and one above SNAPSHOT_PAGES_MAX never. */
const EACH_REST_BYTES_MAX = 16 * 1024 * 1024;

/** What bounds the cost of restoring the last of a chain: so many deltas, and in all no more bytes inflated than the keyframe has, or than these. */
export const CHAIN_DELTAS_MAX = 32;
export const CHAIN_BYTES_MIN = 512 * 1024;

/** Without a hash when this rest was left out, and without a body when only hashes are wanted. */
export type Snapshot =
  | { readonly kind: 'key' | 'delta'; readonly body: Uint8Array; readonly stateHash: string }
  | { readonly kind?: undefined; readonly body?: undefined; readonly stateHash?: string };

/**
 * Takes the snapshots of one run. Which rests have one, and of which kind, follows from the states alone: two runs that go alike are recorded alike.
 * It keeps a copy of the pages that differ from the module's image, and a hash of each page.
 */
export class SnapshotWriter {
  readonly #tracker: StateTracker;
  readonly #hashesOnly: boolean;
  #restsSince = Number.POSITIVE_INFINITY;
  #chain: Chain | undefined;

  /** `image`: of the module whose instance is to be looked at. `hashesOnly`: nothing is to be restored from these snapshots. */
  constructor(image: MemoryImage, { hashesOnly = false }: { readonly hashesOnly?: boolean } = {}) {
    this.#tracker = new StateTracker(image);
    this.#hashesOnly = hashesOnly;
  }

  /** To be called at each rest of the guest. */
  take(state: GuestState): Snapshot {
    this.#restsSince++;
    if (state.pages > SNAPSHOT_PAGES_MAX || this.#restsSince < state.memory.length / EACH_REST_BYTES_MAX) return {};
    this.#restsSince = 0;
    return this.#hashesOnly ? { stateHash: this.#tracker.see(state) } : this.#look(state);
  }

  #look(state: GuestState): Snapshot {
    const changed = this.#tracker.changedPages(state.memory);
    if (this.#chain === undefined) return this.#key(state, this.#tracker.see(state, changed));
    const difference = diffMemory(state.memory, changed, (page) => this.#tracker.page(page));
    const stateHash = this.#tracker.see(state, changed);
    if (isFull(this.#chain, difference)) return this.#key(state, stateHash);
    return this.#delta(state, stateHash, difference, this.#chain);
  }

  #delta({ pages, globals }: GuestState, stateHash: string, difference: MemoryDifference, chain: Chain): Snapshot {
    const body = encodeSnapshotBody({ kind: 'delta', pages, baseHash: chain.stateHash, stateHash, globals }, difference);
    this.#chain = { ...chain, stateHash, deltas: chain.deltas + 1, bytes: chain.bytes + sizeOf(difference) };
    return { kind: 'delta', body, stateHash };
  }

  #key({ memory, pages, globals }: GuestState, stateHash: string): Snapshot {
    const { image } = this.#tracker;
    const difference = diffMemory(memory, this.#tracker.ownPages(), (page) => image.page(page));
    const body = encodeSnapshotBody({ kind: 'key', pages, baseHash: image.hash, stateHash, globals }, difference);
    this.#chain = { stateHash, keyBytes: sizeOf(difference), deltas: 0, bytes: 0 };
    return { kind: 'key', body, stateHash };
  }
}

/** The keyframe and the deltas written since; bytes before compression. */
interface Chain {
  /** of the last of them */
  readonly stateHash: string;
  readonly keyBytes: number;
  readonly deltas: number;
  readonly bytes: number;
}

function isFull({ keyBytes, deltas, bytes }: Chain, next: MemoryDifference): boolean {
  return deltas >= CHAIN_DELTAS_MAX || bytes + sizeOf(next) > Math.max(keyBytes, CHAIN_BYTES_MIN);
}

function sizeOf({ words, runs }: MemoryDifference): number {
  return words.length + runs.length;
}
