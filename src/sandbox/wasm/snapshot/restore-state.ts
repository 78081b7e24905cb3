import { WASM_PAGE_BYTES, type GuestState } from './guest-state.ts';
import { applyDifference } from './memory-difference.ts';
import type { MemoryImage } from './memory-image.ts';
import { HASH_BYTES, hashPage, PAGE_BYTES } from './memory-page.ts';
import { decodeSnapshotBody, snapshotCorrupt, type DecodedBody, type SnapshotHead } from './snapshot-body.ts';
import { hashState } from './state-hash.ts';

/** Up to so many changed pages (2 MB, some 2 ms) the whole state's hash is computed again on every restore. */
export const VERIFIED_PAGES_MAX = 512;

export interface RestoreOptions {
  /** a state that needs more memory, in pages of 64 KB, is refused */
  readonly memoryPagesMax: number;
  /** Gives memory of `pages` × 64 KB that holds the module's image already, such as a fresh instance's, to be restored into; else memory is allocated. */
  readonly into?: ((pages: number) => Uint8Array) | undefined;
  /** compute the state's hash again also for a guest with more than `VERIFIED_PAGES_MAX` changed pages */
  readonly verifyAll?: boolean;
}

/**
 * The state that a chain of snapshots ends with: `bodies` is a keyframe and deltas each of which is based on the one before, `image` that of the module they were taken of.
 * That the bodies are those that were recorded is for the caller to know.
 *
 * It is verified that each delta follows on the state before it, and up to VERIFIED_PAGES_MAX the hash of what comes out. Throws `snapshot_corrupt`; memory given by `into` is then spoilt.
 */
export function restoreState(bodies: readonly Uint8Array[], image: MemoryImage, options: RestoreOptions): GuestState {
  const chain = bodies.map((body) => decodeSnapshotBody(body, options.memoryPagesMax));
  const last = checkChain(chain, image);
  const memory = (options.into ?? ((pages) => imageMemory(image, pages)))(last.pages);
  const changed = new Set<number>();
  for (const body of chain) apply(body, memory, image, changed);
  if (changed.size <= VERIFIED_PAGES_MAX || options.verifyAll === true) verify(last, memory, image, changed);
  return { pages: last.pages, memory, globals: last.globals };
}

function checkChain(chain: readonly DecodedBody[], image: MemoryImage): SnapshotHead {
  let base = { stateHash: image.hash, pages: image.pages };
  for (const [index, { head }] of chain.entries()) {
    const kind = index === 0 ? 'key' : 'delta';
    if (head.kind !== kind || head.baseHash !== base.stateHash || head.pages < base.pages) {
      throw snapshotCorrupt(index === 0 ? 'it does not begin with a keyframe of this module' : `delta ${index} does not follow on the one before`);
    }
    base = head;
  }
  const last = chain.at(-1);
  if (last === undefined) throw snapshotCorrupt('there is no keyframe');
  return last.head;
}

function imageMemory(image: MemoryImage, pages: number): Uint8Array {
  const memory = new Uint8Array(pages * WASM_PAGE_BYTES);
  memory.set(image.bytes);
  return memory;
}

function apply(body: DecodedBody, memory: Uint8Array, image: MemoryImage, changed: Set<number>): void {
  const zeroFrom = body.head.kind === 'key' ? image.bytes.length : memory.length;
  if (!applyDifference(body.difference(), memory, zeroFrom, changed)) throw snapshotCorrupt('it is not of this memory');
}

function verify(last: SnapshotHead, memory: Uint8Array, image: MemoryImage, changed: ReadonlySet<number>): void {
  const hashes = image.pageHashes(last.pages);
  for (const index of changed) hashes.set(hashPage(memory.subarray(index * PAGE_BYTES, (index + 1) * PAGE_BYTES)), index * HASH_BYTES);
  if (hashState(last.pages, hashes, last.globals) !== last.stateHash) throw snapshotCorrupt('the restored state has another hash');
}
