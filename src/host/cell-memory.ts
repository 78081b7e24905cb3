/** What keeps the isolates of a cell within its memory: idle ones go by time, by number and when memory runs short, and {@link CellMemoryGuard} watches the rest. */
import type { AppRunner } from '../apps/run/app-runner.ts';
import type { TurnRecord } from '../apps/run/entry-scheduler.ts';
import { HOST_LIMITS } from '../protocol/limits.ts';
import { WASM_MEMORIES_MAX } from '../protocol/wasm-memory.ts';
import { CellMemoryGuard, type GuardedApp } from './cell-memory-guard.ts';
import { idleToEvict, roomForMemories, type Resident } from './cell-residents.ts';
import { WasmMemoryCount } from './wasm-memory-count.ts';

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
  readonly #wasmMemories = new WasmMemoryCount();
  readonly #wasmMemoriesMax: number;
  #startsUnchecked = 0;

  constructor(options: CellMemoryOptions) {
    this.#options = options;
    this.#wasmMemoriesMax = Math.max(options.residentsMax, WASM_MEMORIES_MAX);
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
    const turn = this.#guard.begin(app);
    this.#wasmMemories.begin(turn, app);
    return turn;
  }

  end(turn: number): void {
    this.#guard.end(turn);
    const app = this.#wasmMemories.end(turn);
    this.#wasmMemories.set(app, this.#options.runners.get(app)?.wasmUse.memories ?? 0);
    if (this.#wasmMemories.sum > this.#wasmMemoriesMax) this.#makeRoomForMemories();
  }

  /** Each takes mappings as isolates do, whether anything is in it or not. */
  #makeRoomForMemories(): void {
    const runners = [...this.#options.runners.values()].map(withUse);
    for (const { runner, wasmMemories } of runners) this.#wasmMemories.set(runner.deployment.name, wasmMemories);
    const { evicted, ended } = roomForMemories(runners, this.#wasmMemoriesMax);
    for (const { runner } of evicted) this.#evict(runner);
    for (const { runner } of ended) guarded(runner).end('the cell has too many WebAssembly memories, and no app has more of them');
    for (const { runner } of [...evicted, ...ended]) this.#wasmMemories.set(runner.deployment.name, 0);
  }

  /** A fresh isolate of the app has started. */
  started(app: string): void {
    this.#guard.renew(app);
    if (++this.#startsUnchecked >= STARTS_UNCHECKED_MAX) this.evictIdle();
  }

  /** The app is gone, or another version of it has come. */
  forget(app: string): void {
    this.#guard.forget(app);
    this.#wasmMemories.forget(app);
  }

  /** Idle isolates go: those that were idle for too long, the least recently used that are too many, and at least `shortBy`. Returns how many. */
  evictIdle(shortBy = 0): number {
    this.#startsUnchecked = 0;
    const residents = this.#residents().map(withUse);
    const evicted = idleToEvict(residents, performance.now(), { idleMsMax: HOST_LIMITS.idleMsMax, residentsMax: this.#options.residentsMax, shortBy });
    for (const { runner } of evicted) this.#evict(runner);
    return evicted.length;
  }

  #evict(runner: AppRunner): void {
    runner.evict();
    this.#guard.renew(runner.deployment.name);
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

function withUse(runner: AppRunner): Resident & { readonly runner: AppRunner } {
  return { runner, isIdle: runner.load === 0, usedMs: runner.usedMs, wasmMemories: runner.wasmUse.memories };
}

function guarded(runner: AppRunner): GuardedApp {
  return {
    isResident: runner.isResident,
    isRecycling: runner.isRecycling,
    memoryBytesMax: runner.deployment.limits.memoryMbMax * MB,
    wasmBytes: runner.wasmUse.bytes,
    heapBytes: () => runner.heapBytes(),
    recycle: (text) => runner.recycle(text),
    end(text) {
      // first: what it had is given back before what it has waiting begins anew
      runner.quarantine(HOST_LIMITS.quarantineMsMin);
      runner.endForMemory(text);
    },
  };
}
