/** Work that runs on a worker thread. */
export interface Work {
  /** time so far that it had a thread, on a core or waiting for one, in ms */
  insideMs(): number;
}

interface Share {
  /** of {@link Work.insideMs}, what the last reading has seen */
  seenMs: number;
  cpuMs: number;
}

/** Work this short is charged its time inside: too short to have waited for a core. */
const UNREAD_MS_MAX = 0.25;
/** A reading this old still serves work that begins. */
const READING_MS_MAX = 5;

/**
 * Divides the CPU of all worker threads among the work that ran on them. From one reading to the next it goes by time inside: whoever had a
 * thread for as long as another had as much of the cores, for the kernel treats threads of a process alike. So all charges together are what
 * was used, and none is more than the work's time inside.
 */
export class CpuShares {
  readonly #readCpuMs: () => number;
  readonly #nowMs: () => number;
  readonly #running = new Map<Work, Share>();
  #readAtMs = -Infinity;
  #cpuMs = 0;
  /** time inside of work that ended since the last reading */
  #endedMs = 0;

  /** `readCpuMs`: CPU of all worker threads so far; may be a little less than it was before. */
  constructor(readCpuMs: () => number, nowMs: () => number) {
    this.#readCpuMs = readCpuMs;
    this.#nowMs = nowMs;
  }

  /** `work` has been inside for no time yet. */
  begin(work: Work): void {
    if (this.#nowMs() - this.#readAtMs > READING_MS_MAX) this.read();
    this.#running.set(work, { seenMs: 0, cpuMs: 0 });
  }

  /** Divides what was used since the last reading. */
  read(): void {
    // the kernel's clocks of a process and of its threads are not read at one moment
    const cpuMs = Math.max(this.#readCpuMs(), this.#cpuMs);
    const usedMs = cpuMs - this.#cpuMs;
    const grown: [share: Share, ms: number][] = [];
    let insideMs = this.#endedMs;
    for (const [work, share] of this.#running) {
      const nowMs = work.insideMs();
      grown.push([share, nowMs - share.seenMs]);
      insideMs += nowMs - share.seenMs;
      share.seenMs = nowMs;
    }
    if (insideMs > 0) for (const [share, ms] of grown) share.cpuMs += (usedMs * ms) / insideMs;
    this.#cpuMs = cpuMs;
    this.#endedMs = 0;
    this.#readAtMs = this.#nowMs();
  }

  /** Charge of running work at the last reading, in ms. */
  chargeMs(work: Work): number {
    const share = this.#running.get(work);
    return share === undefined ? 0 : Math.min(share.seenMs, share.cpuMs);
  }

  /** Ends the work and returns its charge in ms. */
  end(work: Work): number {
    const share = this.#running.get(work);
    if (share === undefined) return 0;
    const insideMs = work.insideMs();
    if (insideMs >= UNREAD_MS_MAX) this.read();
    else this.#endedMs += insideMs - share.seenMs;
    const chargeMs = insideMs >= UNREAD_MS_MAX ? this.chargeMs(work) : insideMs;
    this.#running.delete(work);
    return chargeMs;
  }
}
