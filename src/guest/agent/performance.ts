/** The engine's own, which counts from when the agent was compiled. */
const engineClock = (globalThis as unknown as { performance: { now(): number } }).performance;
let originMs = 0;
let timeOrigin = 0;

export function startPerformance(): void {
  originMs = engineClock.now();
  timeOrigin = Date.now();
}

/** https://w3c.github.io/hr-time/#sec-performance. The clock stands still while the agent runs, and moves on when it waits. */
export const performance = {
  get timeOrigin(): number {
    return timeOrigin;
  },
  now: (): number => engineClock.now() - originMs,
};
