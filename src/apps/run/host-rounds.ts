/** Work on the main thread for apps, a little in each round of the event loop: whatever one app has sent, the others' requests are heard in between. */

/** What all apps together may use of one round. */
const ROUND_MS = 2;
/** What one may use before the next one's turn. */
const SLICE_MS = 1;

export interface SlicedWork {
  readonly app: string;
  /** Works for as long as `goOn` says, and one step at least. Returns whether there is more to do. */
  slice(goOn: () => boolean): boolean;
  /** The work threw, which is a fault of the host: it is over. Must not throw. */
  failed(error: unknown): void;
}

export class HostRounds {
  readonly #rank: (app: string) => number;
  readonly #nowMs: () => number;
  readonly #waiting = new Set<SlicedWork>();
  #isScheduled = false;

  /** `rank`: the app with the smallest number goes first. `nowMs`: the process clock. */
  constructor(rank: (app: string) => number, nowMs: () => number) {
    this.#rank = rank;
    this.#nowMs = nowMs;
  }

  wake(work: SlicedWork): void {
    this.#waiting.add(work);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#round());
  }

  #round(): void {
    this.#isScheduled = false;
    const endMs = this.#nowMs() + ROUND_MS;
    let nowMs = -Infinity;
    while (this.#waiting.size > 0 && nowMs < endMs) {
      const work = this.#first();
      this.#waiting.delete(work);
      const sliceEndMs = Math.min(this.#nowMs() + SLICE_MS, endMs);
      if (hasMore(work, () => this.#nowMs() < sliceEndMs)) this.wake(work);
      nowMs = this.#nowMs();
    }
    for (const work of this.#waiting) this.wake(work);
  }

  #first(): SlicedWork {
    const [first, ...others] = this.#waiting;
    if (others.length === 0) return first!;
    return others.reduce((least, work) => (this.#rank(work.app) < this.#rank(least.app) ? work : least), first!);
  }
}

function hasMore(work: SlicedWork, goOn: () => boolean): boolean {
  try {
    return work.slice(goOn);
  } catch (error) {
    work.failed(error);
    return false;
  }
}
