/**
 * What a run may hold and pass through the gate, whatever its manifest grants. Past one of these the run ends as `agent_abi`, with a message that names the limit; only arguments and replies
 * that are too large are error replies instead (`too_large`).
 */
export const RUN_LIMITS = {
  /** calls that wait for their reply at once */
  pendingCallsMax: 4_096,
  /** arguments of calls that wait for their reply, which are held in memory */
  pendingBytesMax: 256 * 1024 * 1024,
  /** arguments of one call; more is answered with the error `too_large` and not recorded */
  argumentBytesMax: 64 * 1024 * 1024,
  /** reply to one call; a larger one becomes the error `too_large` */
  replyBytesMax: 64 * 1024 * 1024,
  /** calls of any kind between two rests */
  activationCallsMax: 100_000,
  /** arguments and inline replies between two rests, which are held in memory until they are committed */
  activationBytesMax: 256 * 1024 * 1024,
  /** calls of any kind over the whole run */
  runCallsMax: 10_000_000,
  /** arguments and replies over the whole run, which bounds the journal without its snapshots */
  runBytesMax: 4 * 1024 * 1024 * 1024,
  /** one draw of random bytes */
  randomBytesMax: 65_536,
  /** random bytes over the whole run */
  runRandomBytesMax: 64 * 1024 * 1024,
  /** what `done` says */
  messageBytesMax: 1024 * 1024,
} as const;

export type RunLimit = keyof typeof RUN_LIMITS;
