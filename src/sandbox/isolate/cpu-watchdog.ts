/** Stops entries into isolates that use more CPU than they were given. */
import { workerCpuUs } from './cpu-clock.ts';

const TICK_MS = 5;
/** Ticks without any entry running, after which the timer rests. */
const IDLE_TICKS_MAX = 20;

export interface WatchedEntry {
  /** wall time inside the isolate so far, in ms: the charge is never more */
  enteredMs(): number;
  readonly budgetMs: number;
  stop(): void;
}

interface Watched {
  readonly entry: WatchedEntry;
  readonly workerCpuAtStartUs: number;
}

const running = new Map<WatchedEntry, Watched>();
let timer: NodeJS.Timeout | undefined;
let idleTicks = 0;

/** Real CPU of the entry so far, in ms: at most its time inside the isolate, at most what all worker threads used meanwhile. */
function chargeMs({ entry, workerCpuAtStartUs }: Watched): number {
  return Math.min(entry.enteredMs(), (workerCpuUs() - workerCpuAtStartUs) / 1000);
}

export function watchEntry(entry: WatchedEntry): void {
  running.set(entry, { entry, workerCpuAtStartUs: workerCpuUs() });
  idleTicks = 0;
  timer ??= setInterval(tick, TICK_MS);
}

/** Ends the watch and returns the entry's charge in ms. */
export function endWatch(entry: WatchedEntry): number {
  const watched = running.get(entry);
  if (watched === undefined) return 0;
  running.delete(entry);
  return chargeMs(watched);
}

function tick(): void {
  if (running.size === 0 && ++idleTicks > IDLE_TICKS_MAX) {
    clearInterval(timer);
    timer = undefined;
    return;
  }
  for (const watched of running.values()) {
    if (watched.entry.enteredMs() >= watched.entry.budgetMs && chargeMs(watched) >= watched.entry.budgetMs) watched.entry.stop();
  }
}
