/** Stops entries into isolates that use more CPU than they were given. */
import { workerCpuUs } from './cpu-clock.ts';

const TICK_MS = 5;
/** Ticks without any entry running, after which the timer rests. */
const IDLE_TICKS_MAX = 20;
/** An entry this short is charged its time inside the isolate: too short to have waited for a core. */
const UNCHECKED_MS_MAX = 0.25;
/** A reading of the worker threads' CPU serves as the baseline of entries that begin this much later: the bound it gives is a little higher. */
const READING_MS_MAX = 5;

export interface WatchedEntry {
  /** wall time inside the isolate so far, in ms: the charge is never more */
  enteredMs(): number;
  readonly budgetMs: number;
  stop(): void;
}

const running = new Map<WatchedEntry, number>();
let timer: NodeJS.Timeout | undefined;
let idleTicks = 0;
let readingAtMs = -Infinity;
let readingUs = 0;

function recentReadingUs(): number {
  const nowMs = performance.now();
  if (nowMs - readingAtMs > READING_MS_MAX) {
    readingUs = workerCpuUs();
    readingAtMs = nowMs;
  }
  return readingUs;
}

/** Real CPU of the entry so far, in ms: at most its time inside the isolate, at most what all worker threads used meanwhile. */
function chargeMs(entry: WatchedEntry, baselineUs: number): number {
  const enteredMs = entry.enteredMs();
  return enteredMs < UNCHECKED_MS_MAX ? enteredMs : Math.min(enteredMs, (workerCpuUs() - baselineUs) / 1000);
}

export function watchEntry(entry: WatchedEntry): void {
  running.set(entry, recentReadingUs());
  idleTicks = 0;
  timer ??= setInterval(tick, TICK_MS);
}

/** Ends the watch and returns the entry's charge in ms. */
export function endWatch(entry: WatchedEntry): number {
  const baselineUs = running.get(entry);
  if (baselineUs === undefined) return 0;
  running.delete(entry);
  return chargeMs(entry, baselineUs);
}

function tick(): void {
  if (running.size === 0 && ++idleTicks > IDLE_TICKS_MAX) {
    clearInterval(timer);
    timer = undefined;
    return;
  }
  for (const [entry, baselineUs] of running) {
    if (entry.enteredMs() >= entry.budgetMs && chargeMs(entry, baselineUs) >= entry.budgetMs) entry.stop();
  }
}
