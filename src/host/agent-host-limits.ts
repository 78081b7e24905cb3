/** Bounds of the agents' process, with their units in their names; those of a run are in docs/limits.md and its manifest. */
export const AGENT_HOST_LIMITS = {
  /** runs under way, over all threads */
  runsAtOnceMax: 1_000,
  /** runs that wait for a person's word, which no retention deletes: past it no run is started */
  runsWaitingMax: 1_000,
  /** questions of the supervisor that wait for their answer */
  callsMax: 256,
  /** requests that wait for a run's next events */
  waitersMax: 128,
  /** runs that one page of the list is looked for in */
  listScannedMax: 200,
  /** of a run's message, in the list */
  listedMessageCharactersMax: 1_000,
  /** one answer's events */
  eventsMax: 256,
  eventsBytesMax: 1024 * 1024,
  /** text of a body that an event shows */
  eventTextBytesMax: 16 * 1024,
  /** a run that made no entry since it was last taken up, and cost the process again, is taken up so often */
  resumesWithoutProgressMax: 3,
  /** a run is taken up so often after its process died */
  resumesMax: 20,
  heartbeatMs: 250,
  /** a thread that computes can't answer; it is given as long as the fuel of one resume lasts at this rate, and this on top */
  fuelPerSecondMin: 50_000_000,
  threadSilenceMsMax: 30_000,
} as const;
