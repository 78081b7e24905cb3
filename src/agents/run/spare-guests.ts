import { NanosError } from '../../protocol/errors.ts';
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import { WASM_PAGE_BYTES } from '../../sandbox/wasm/snapshot/guest-state.ts';
import { snapshotHashes } from '../../sandbox/wasm/snapshot/snapshot-body.ts';
import { StateRestorer } from '../../sandbox/wasm/snapshot/state-restorer.ts';
import { GuestPort } from './guest-port.ts';
import { memoryImage } from './memory-image.ts';

/** A guest is made ahead so long after one was restored, when that one has most likely begun to wait. */
const DELAY_MS = 20;
/** It waits so long for somebody to need it. */
const KEPT_MS = 30_000;
/** No guest that is larger is made ahead: 32 MB, in pages of 64 KB; and none of a larger keyframe, which is kept to make the next one. */
const PAGES_MAX = 512;
const KEYFRAME_BYTES_MAX = PAGES_MAX * WASM_PAGE_BYTES;

/** What guests are restored from, and how large they may get. */
interface Origin {
  readonly module: MeteredModule;
  readonly memoryPagesMax: number;
  readonly key: Uint8Array;
}

/** A guest that is being restored: so far to a state of this hash. */
interface Begun {
  readonly port: GuestPort;
  readonly restorer: StateRestorer;
  readonly stateHash: string | undefined;
}

/**
 * Restores guests. Whoever forks a run forks it again, at another step or with another result: from the second guest on that begins with the same keyframe, the next one is made ahead,
 * an instance with that keyframe in its memory, and the deltas are all that is left to do. One at a time is kept, and it is given to one run only.
 */
export class SpareGuests {
  /** of the last guest: state hash of its keyframe */
  #last: string | undefined;
  #origin: Origin | undefined;
  #spare: Begun | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** The state hash of the keyframe that a guest is ready with; undefined when there is none. */
  stateHash(module: MeteredModule, memoryPagesMax: number): string | undefined {
    const isFit = this.#origin?.module === module && this.#origin.memoryPagesMax === memoryPagesMax;
    return isFit ? this.#spare?.stateHash : undefined;
  }

  /** A guest in the state that a keyframe and deltas lead to, without a host. The keyframe may be left out right after `stateHash` named it. Throws `snapshot_corrupt`. */
  restore(module: MeteredModule, bodies: readonly Uint8Array[], memoryPagesMax: number): GuestPort {
    const [first = new Uint8Array(0), ...deltas] = bodies;
    const ready = this.stateHash(module, memoryPagesMax);
    const hashes = snapshotHashes(first);
    if (this.#spare !== undefined && ready !== undefined && (hashes?.base === ready || hashes?.state === ready)) {
      const spare = this.#spare;
      this.#spare = undefined;
      this.#makeLater();
      return finish(spare, hashes.base === ready ? bodies : deltas);
    }
    const begun = begin({ module, memoryPagesMax, key: first });
    const guest = finish(begun, deltas);
    this.#remember({ module, memoryPagesMax, key: first }, hashes?.state, guest.memoryPages);
    return guest;
  }

  /** Lets go of what is kept. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#last = undefined;
    this.#origin = undefined;
    this.#spare = undefined;
  }

  #remember(origin: Origin, stateHash: string | undefined, pages: number): void {
    const isAgain = this.#last === stateHash;
    this.clear();
    this.#last = stateHash;
    if (!isAgain || pages > PAGES_MAX || origin.key.length > KEYFRAME_BYTES_MAX) return;
    this.#origin = origin;
    this.#makeLater();
  }

  #makeLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#make(), DELAY_MS).unref();
  }

  #make(): void {
    this.#timer = setTimeout(() => this.clear(), KEPT_MS).unref();
    if (this.#origin === undefined) return;
    try {
      const begun = begin(this.#origin);
      // Other recordings may go by the same hash, which has to be that of this state then, and not what a keyframe says of itself.
      begun.restorer.verify({ all: true });
      this.#spare = begun;
    } catch (error) {
      // It can't be made ahead: there is no memory for it now, or the keyframe says a wrong hash.
      if (!(error instanceof NanosError)) throw error;
    }
  }
}

/** Of this thread. */
export const spareGuests = new SpareGuests();

function begin({ module, memoryPagesMax, key }: Origin): Begun {
  const port = new GuestPort(module, undefined, { memoryPagesMax });
  const restorer = new StateRestorer(memoryImage(module), { memoryPagesMax, into: (pages) => port.instance.grown(pages) });
  restorer.apply([key]);
  return { port, restorer, stateHash: snapshotHashes(key)?.state };
}

function finish({ port, restorer }: Begun, deltas: readonly Uint8Array[]): GuestPort {
  restorer.apply(deltas);
  port.instance.restore(restorer.state());
  return port;
}
