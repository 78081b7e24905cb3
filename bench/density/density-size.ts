/** How much is measured. */
export interface DensitySize {
  /** apps that the host has, all of distinct source */
  readonly deployed: number;
  /** apps with an isolate in memory, rising */
  readonly levels: readonly number[];
  /** processes that run apps, unless the operator says */
  readonly cells: number;
  /** apps called for the first time from each level on */
  readonly coldSample: number;
  /** residents called on a connection of their own */
  readonly warmSample: number;
  readonly rounds: number;
  readonly rampMs: number;
  readonly measuredMs: number;
  /** without any request */
  readonly idleMs: number;
}

export const FULL: DensitySize = { deployed: 10_000, levels: [1, 100, 1_000, 5_000], cells: 2, coldSample: 200, warmSample: 500, rounds: 3, rampMs: 500, measuredMs: 2_000, idleMs: 10_000 };

export const QUICK: DensitySize = { deployed: 1_000, levels: [1, 100, 500], cells: 1, coldSample: 60, warmSample: 100, rounds: 1, rampMs: 200, measuredMs: 800, idleMs: 2_000 };
