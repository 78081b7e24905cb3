/** How much is measured. */
export interface BenchSize {
  /** apps called while hardly any is resident, and again on top of the residents */
  readonly smallSample: number;
  readonly largeSample: number;
  /** isolates in memory for what is measured among many */
  readonly residents: number;
  /** processes of node:http started one by one */
  readonly nodeSample: number;
  readonly idleApps: number;
  /** Workers that workerd sets up at its start */
  readonly staticWorkers: number;
  readonly rounds: number;
  /** load on each server before the first round of an app */
  readonly warmUpMs: number;
  readonly rampMs: number;
  readonly measuredMs: number;
}

export const FULL: BenchSize = { smallSample: 200, largeSample: 30, residents: 1_000, nodeSample: 20, idleApps: 5_000, staticWorkers: 500, rounds: 5, warmUpMs: 1_000, rampMs: 400, measuredMs: 2_500 };

export const QUICK: BenchSize = { smallSample: 60, largeSample: 5, residents: 150, nodeSample: 5, idleApps: 500, staticWorkers: 100, rounds: 3, warmUpMs: 400, rampMs: 200, measuredMs: 600 };
