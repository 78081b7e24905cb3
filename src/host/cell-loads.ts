import type { AppLoad } from '../protocol/cell-messages.ts';

/** Less than this of a core, or of the cell's own thread, is not worth a word. */
const SHARE_MIN = 0.1;

/** How busy a cell's apps have kept it since it last told the supervisor. Pure. */
export class CellLoads {
  readonly #cpuMs = new Map<string, number>();
  readonly #requests = new Map<string, number>();
  #allRequests = 0;

  served(app: string, cpuMs: number): void {
    this.#cpuMs.set(app, (this.#cpuMs.get(app) ?? 0) + cpuMs);
    this.#requests.set(app, (this.#requests.get(app) ?? 0) + 1);
    this.#allRequests++;
  }

  /**
   * What has come together, and begins anew. `utilization`: how much of the time the cell's own thread was busy, 0 to 1; it is divided among the apps
   * by their requests. `full`: apps of which requests wait for others to end.
   */
  take(elapsedMs: number, utilization: number, full: readonly string[]): AppLoad[] {
    const shares = new Map(full.map((app) => [app, 1]));
    for (const [app, cpuMs] of this.#cpuMs) {
      const ofThread = (utilization * (this.#requests.get(app) ?? 0)) / this.#allRequests;
      const share = Math.min(1, Math.max(cpuMs / elapsedMs, ofThread, shares.get(app) ?? 0));
      if (share >= SHARE_MIN) shares.set(app, share);
    }
    this.#cpuMs.clear();
    this.#requests.clear();
    this.#allRequests = 0;
    return [...shares].map(([app, share]) => ({ app, share }));
  }
}
