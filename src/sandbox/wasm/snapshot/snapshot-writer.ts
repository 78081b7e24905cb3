import type { GuestState } from './guest-state.ts';
import { diffMemory, mergeDifferences, type MemoryDifference } from './memory-difference.ts';
import type { MemoryImage } from './memory-image.ts';
import { encodeSnapshotBody, SNAPSHOT_PAGES_MAX } from './snapshot-body.ts';
import { StateTracker } from './state-tracker.ts';

/** A guest of up to this size is looked at whenever it rests, one of up to n times this size every n-th time, and one above SNAPSHOT_PAGES_MAX never. */
const EACH_REST_BYTES_MAX = 16 * 1024 * 1024;

/**
 * What bounds the cost of restoring from a keyframe on: so many snapshots until the next keyframe, so many deltas to be applied, and in all no more bytes of them
 * than the keyframe has, or than these.
 */
export const KEY_SNAPSHOTS_MAX = 64;
export const CHAIN_DELTAS_MAX = 10;
export const CHAIN_BYTES_MIN = 512 * 1024;

/** Deltas are merged up to this size, before compression. */
const MERGED_BYTES_MAX = 128 * 1024;

interface Keyframe {
  readonly kind: 'key';
  readonly body: Uint8Array;
  readonly stateHash: string;
}

/** Without a hash when this rest was left out, and without a body when only the hash is wanted. */
export type Snapshot =
  | Keyframe
  | { readonly kind: 'delta'; /** `at` of the snapshot that it is the difference to */ readonly base: number; readonly body: Uint8Array; readonly stateHash: string }
  | { readonly kind?: undefined; readonly body?: undefined; readonly stateHash?: string };

/**
 * Takes the snapshots of one run. Which rests have one, and of which kind, follows from the states alone: two runs that go alike are recorded alike.
 * It keeps a copy of the pages that differ from the module's image, and a hash of each page.
 *
 * A delta is the difference to an earlier snapshot, which need not be the one before: as in a binary counter, two of one length that follow on each other
 * are merged into one that leads as far as both, and that is what is stored. So any of them is restored from a keyframe and few deltas.
 */
export class SnapshotWriter {
  readonly #tracker: StateTracker;
  #restsSince = Number.POSITIVE_INFINITY;
  #chain: Chain | undefined;

  /** `image`: of the module whose instance is to be looked at. */
  constructor(image: MemoryImage) {
    this.#tracker = new StateTracker(image);
  }

  /** To be called at each rest of the guest; `at` is the rest's number, by which later deltas name it. `hashOnly`: nothing is to be restored from this rest. */
  take(state: GuestState, at: number, { hashOnly = false }: { readonly hashOnly?: boolean | undefined } = {}): Snapshot {
    this.#restsSince++;
    if (state.pages > SNAPSHOT_PAGES_MAX || this.#restsSince < state.memory.length / EACH_REST_BYTES_MAX) return {};
    this.#restsSince = 0;
    if (!hashOnly) return this.#look(state, at);
    this.#chain = undefined;
    return { stateHash: this.#tracker.see(state) };
  }

  /** A keyframe of the state that a run begins with. The first rest after it has a snapshot however large the guest is, as after any beginning. */
  begin(state: GuestState, at: number): Keyframe {
    return this.#key(state, at, this.#tracker.see(state));
  }

  /** Takes up less memory until the next rest, which takes some ms longer then. */
  pack(): void {
    this.#tracker.pack();
  }

  #look(state: GuestState, at: number): Snapshot {
    const changed = this.#tracker.changedPages(state.memory);
    const chain = this.#chain;
    if (chain === undefined) return this.#key(state, at, this.#tracker.see(state, changed));
    const difference = diffMemory(state.memory, changed, (page) => this.#tracker.page(page));
    const stateHash = this.#tracker.see(state, changed);
    const { before, link } = lengthened(chain.links, { difference, length: 1, base: chain.tip });
    if (isFull(chain, difference, before.length + 1)) return this.#key(state, at, stateHash);
    this.#chain = { ...chain, links: [...before, kept(link)], tip: { at, stateHash }, snapshots: chain.snapshots + 1, bytes: chain.bytes + sizeOf(difference) };
    return delta(state, stateHash, link);
  }

  #key({ memory, pages, globals }: GuestState, at: number, stateHash: string): Keyframe {
    const { image } = this.#tracker;
    const difference = diffMemory(memory, this.#tracker.ownPages(), (page) => image.page(page));
    const body = encodeSnapshotBody({ kind: 'key', pages, baseHash: image.hash, stateHash, globals }, difference);
    this.#chain = { keyBytes: sizeOf(difference), links: [], tip: { at, stateHash }, snapshots: 0, bytes: 0 };
    return { kind: 'key', body, stateHash };
  }
}

interface Tip {
  readonly at: number;
  readonly stateHash: string;
}

/** A stored delta that leads over `length` snapshots, from `base`. */
interface Link {
  readonly difference: MemoryDifference;
  readonly length: number;
  readonly base: Tip;
}

/** Without its difference where that is too large to be merged. */
type KeptLink = Omit<Link, 'difference'> & { readonly difference: MemoryDifference | undefined };

/** What there is since the keyframe; bytes before compression. */
interface Chain {
  readonly keyBytes: number;
  /** from the keyframe to the last snapshot */
  readonly links: readonly KeptLink[];
  readonly tip: Tip;
  readonly snapshots: number;
  /** of all that changed from snapshot to snapshot */
  readonly bytes: number;
}

/** The links that stay, and the one that leads to one more snapshot. */
function lengthened(links: readonly KeptLink[], link: Link): { readonly before: readonly KeptLink[]; readonly link: Link } {
  const last = links.at(-1);
  if (last?.difference === undefined || last.length !== link.length || sizeOf(last.difference) + sizeOf(link.difference) > MERGED_BYTES_MAX) return { before: links, link };
  const difference = mergeDifferences(last.difference, link.difference);
  return lengthened(links.slice(0, -1), { difference, length: last.length + link.length, base: last.base });
}

/** A difference that was just made stands in more memory than it takes. */
function kept({ difference, ...link }: Link): KeptLink {
  if (sizeOf(difference) > MERGED_BYTES_MAX) return { ...link, difference: undefined };
  return { ...link, difference: { words: difference.words.slice(), runs: difference.runs.slice() } };
}

function delta({ pages, globals }: GuestState, stateHash: string, { difference, base }: Link): Snapshot {
  const body = encodeSnapshotBody({ kind: 'delta', pages, baseHash: base.stateHash, stateHash, globals }, difference);
  return { kind: 'delta', base: base.at, body, stateHash };
}

function isFull({ keyBytes, snapshots, bytes }: Chain, next: MemoryDifference, deltas: number): boolean {
  return snapshots >= KEY_SNAPSHOTS_MAX - 1 || deltas > CHAIN_DELTAS_MAX || bytes + sizeOf(next) > Math.max(keyBytes, CHAIN_BYTES_MIN);
}

function sizeOf({ words, runs }: MemoryDifference): number {
  return words.length + runs.length;
}
