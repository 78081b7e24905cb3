/** What keeps the isolates of a cell within its memory: idle ones go by time, by number and when memory runs short, and {@link CellMemoryGuard} watches the rest. */
import type { AppRunner } from '../apps/run/app-runner.ts';
import type { TurnRecord } from '../apps/run/entry-scheduler.ts';
import { HOST_LIMITS } from '../protocol/limits.ts';
import { CellMemoryGuard, type GuardedApp } from './cell-memory-guard.ts';
import { idleToEvict } from './cell-residents.ts';

const MB = 1024 * 1024;
/** Starts, after which it is looked again whether there are too many isolates. */
const STARTS_UNCHECKED_MAX = 64;

export interface CellMemoryOptions {
  readonly ceilingBytes: number;
  readonly residentsMax: number;
  /** of all apps of the cell */
  readonly runners: ReadonlyMap<string, AppRunner>;
  /** See MemoryGuardOptions. */
  suspect(app: string): void;
  worn(text: string): void;
}

export class CellMemory implements TurnRecord {
  readonly #options: CellMemoryOptions;
  readonly #guard: CellMemoryGuard;
  #startsUnchecked = 0;

  constructor(options: CellMemoryOptions) {
    this.#options = options;
    const { ceilingBytes, runners } = options;
    this.#guard = new CellMemoryGuard({
      ceilingBytes,
      rssBytes: createRssReader(),
      nowMs: () => performance.now(),
      app: (name) => {
        const runner = runners.get(name);
        return runner === undefined ? undefined : guarded(runner);
      },
      apps: () => this.#residents().map((runner) => [runner.deployment.name, guarded(runner)] as const),
      evict: (count) => this.evictIdle(count),
      residents: () => this.#residents().length,
      suspect: (app) => options.suspect(app),
      worn: (text) => options.worn(text),
    });
  }

  begin(app: string): number {
    return this.#guard.begin(app);
  }

  end(turn: number): void {
    this.#guard.end(turn);
  }

  /** A fresh isolate of the app has started. */
  started(app: string): void {
    this.#guard.renew(app);
    if (++this.#startsUnchecked >= STARTS_UNCHECKED_MAX) this.evictIdle();
  }

  /** The app is gone, or another version of it has come. */
  forget(app: string): void {
    this.#guard.forget(app);
  }

  /** Idle isolates go: those that were idle for too long, the least recently used that are too many, and at least `shortBy`. Returns how many. */
  evictIdle(shortBy = 0): number {
    this.#startsUnchecked = 0;
    const residents = this.#residents().map((runner) => ({ runner, isIdle: runner.load === 0, usedMs: runner.usedMs, wasmMemories: runner.wasmUse.memories }));
    const evicted = idleToEvict(residents, performance.now(), { idleMsMax: HOST_LIMITS.idleMsMax, residentsMax: this.#options.residentsMax, shortBy });
    for (const { runner } of evicted) {
      runner.evict();
      this.#guard.renew(runner.deployment.name);
    }
    return evicted.length;
  }

  #residents(): AppRunner[] {
    return [...this.#options.runners.values()].filter(({ isResident }) => isResident);
  }
}

/** Resident memory of the process, in bytes; as it was last while the process has no descriptor left to look with. */
function createRssReader(): () => number {
  let bytes = 0;
  return () => {
    try {
      bytes = process.memoryUsage.rss();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && (error.code === 'EMFILE' || error.code === 'ENFILE'))) throw error;
    }
    return bytes;
  };
}

function guarded(runner: AppRunner): GuardedApp {
  return {
    isResident: runner.isResident,
    memoryBytesMax: runner.deployment.limits.memoryMbMax * MB,
    wasmBytes: runner.wasmUse.bytes,
    heapBytes: () => runner.heapBytes(),
    recycle: (text) => runner.recycle(text),
    end(text) {
      runner.endForMemory(text);
      // what it had is given back before it begins anew
      runner.quarantine(HOST_LIMITS.quarantineMsMin);
    },
  };
}
