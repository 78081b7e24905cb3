/** How much is measured. */
export interface ModelBenchSize {
  /** of each work, by nanos and by the bare engine in turns */
  readonly rounds: number;
  /** agents that generate at once */
  readonly counts: readonly number[];
  /** how long an app is asked beside them, for each number of agents */
  readonly besideMs: number;
  /** processes started one by one, of each kind */
  readonly starts: number;
}

export const FULL: ModelBenchSize = { rounds: 11, counts: [1, 4, 16, 32], besideMs: 20_000, starts: 20 };

export const QUICK: ModelBenchSize = { rounds: 3, counts: [1, 4, 16, 32], besideMs: 3_000, starts: 3 };
