/** Stops entries into isolates that use more CPU than they were given. */
import type { Work } from './cpu-shares.ts';
import { workerCpu } from './worker-cpu.ts';

const TICK_MS = 5;
/** Ticks without any entry running, after which the timer rests. */
const IDLE_TICKS_MAX = 20;

export interface WatchedEntry extends Work {
  readonly budgetMs: number;
  stop(): void;
}

const running = new Set<WatchedEntry>();
let timer: NodeJS.Timeout | undefined;
let idleTicks = 0;

export function watchEntry(entry: WatchedEntry): void {
  workerCpu.begin(entry);
  running.add(entry);
  idleTicks = 0;
  timer ??= setInterval(tick, TICK_MS);
}

/** Ends the watch and returns the entry's charge in ms. */
export function endWatch(entry: WatchedEntry): number {
  running.delete(entry);
  return workerCpu.end(entry);
}

function tick(): void {
  if (running.size === 0) {
    if (++idleTicks > IDLE_TICKS_MAX) rest();
    return;
  }
  workerCpu.read();
  for (const entry of running) {
    if (workerCpu.chargeMs(entry) >= entry.budgetMs) entry.stop();
  }
}

function rest(): void {
  clearInterval(timer);
  timer = undefined;
}
