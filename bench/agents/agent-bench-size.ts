/** How much is measured. */
export interface AgentBenchSize {
  /** starts in a process that has the module compiled */
  readonly warmStarts: number;
  /** processes started one by one, of each kind */
  readonly freshStarts: number;
  /** syscalls of a guest that makes nothing else */
  readonly calls: number;
  /** round trips to another thread and over HTTP */
  readonly roundTrips: number;
  readonly idleAgents: number;
  /** guests of the peer that are started, and that wait in memory */
  readonly peerStarts: number;
  readonly peerGuests: number;
  /** of the original and the metered module in turns */
  readonly meteringRounds: number;
  /** runs of the agent of 60 steps whose snapshots are taken */
  readonly snapshotRuns: number;
  /** of one snapshot of each agent */
  readonly snapshotRestores: number;
  /** of the run that is recorded and replayed */
  readonly journalSteps: number;
  /** of any step of that run */
  readonly restores: number;
}

export const FULL: AgentBenchSize = {
  warmStarts: 1_000, freshStarts: 100, calls: 50_000, roundTrips: 2_000, idleAgents: 1_000, peerStarts: 100, peerGuests: 20, meteringRounds: 15, snapshotRuns: 20, restores: 1_000, snapshotRestores: 300, journalSteps: 10_000,
};

export const QUICK: AgentBenchSize = {
  warmStarts: 100, freshStarts: 5, calls: 5_000, roundTrips: 200, idleAgents: 100, peerStarts: 10, peerGuests: 5, meteringRounds: 3, snapshotRuns: 2, restores: 50, snapshotRestores: 10, journalSteps: 500,
};
