/**
 * Watches the resident memory of a cell, in which there is also what V8 counts for nobody: WebAssembly memories, native memory behind small objects,
 * what its limit comes too late for. Whoever takes too much ends before the kernel would end the cell.
 */
import { MemoryLedger } from './cell-memory-ledger.ts';

const MB = 1024 * 1024;
/** Parts of the ceiling: above the first, idle isolates go; above the second, the largest app does, once what they had is given back. */
const SOFT = 0.8;
const HARD = 0.9;
/** While code runs; a loop that fills memory takes about 20 MB in that time. */
const LOOK_MS = 5;
/** No look more often: it costs 10 µs. */
const LOOK_MS_MIN = 2;
const LOOK_IDLE_MS = 500;
/** Looks without a turn, after which it is quiet. */
const QUIET_LOOKS = 20;
/** What an eviction or an end gives back is back by then. */
const SETTLE_EVICTION_MS = 50;
const SETTLE_END_MS = 400;
/** Part of the residents that goes at once. */
const EVICTED_PART = 1 / 20;
/** An app that made the process grow by less is not what fills it. */
const OFFENCE_BYTES_MIN = 32 * MB;
/** In one turn an isolate may take so much, before V8's own limit or its collector have come to it. */
const TURN_BYTES_EXTRA = 128 * MB;
const TURN_PER_LIMIT = 2;

/** What the guard asks of and does to an app's isolates. */
export interface GuardedApp {
  readonly isResident: boolean;
  /** An isolate that was given up for its memory still has requests; a second recycling would end them. */
  readonly isRecycling: boolean;
  readonly memoryBytesMax: number;
  /** of WebAssembly, as the isolate last said */
  readonly wasmBytes: number;
  /** V8 heap and buffers; 0 for none. Not while it has a turn. */
  heapBytes(): number;
  /** Has a fresh isolate take what comes; nothing is lost. */
  recycle(text: string): void;
  /** Ends it with what it has. */
  end(text: string): void;
}

export interface MemoryGuardOptions {
  readonly ceilingBytes: number;
  rssBytes(): number;
  nowMs(): number;
  app(name: string): GuardedApp | undefined;
  apps(): Iterable<readonly [string, GuardedApp]>;
  /** Evicts about so many idle isolates. Returns how many there were. */
  evict(count: number): number;
  residents(): number;
  /** The app has its turns alone from now on: what is added then is certainly its own. */
  suspect(app: string): void;
  /** The process is full, and no app is to blame: another should take its place. */
  worn(text: string): void;
}

export class CellMemoryGuard {
  readonly #options: MemoryGuardOptions;
  readonly #ledger = new MemoryLedger();
  #timer: NodeJS.Timeout | undefined;
  #lookedMs = 0;
  #quietLooks = 0;
  #evictAtMs = 0;
  #evictedMs: number | undefined;
  #endAtMs = 0;
  #isWorn = false;

  constructor(options: MemoryGuardOptions) {
    this.#options = options;
    this.#lookLater(LOOK_IDLE_MS);
  }

  /** A turn of the app begins; see TurnRecord. */
  begin(app: string): number {
    const turn = this.#ledger.begin(app, this.#options.nowMs());
    if (this.#quietLooks >= QUIET_LOOKS) this.#lookLater(LOOK_MS);
    this.#quietLooks = 0;
    return turn;
  }

  end(turn: number): void {
    const nowMs = this.#options.nowMs();
    const name = this.#ledger.end(turn, nowMs);
    if (nowMs - this.#lookedMs < LOOK_MS_MIN) return;
    this.#look();
    // nobody can be asked for its heap while it runs
    if (![...this.#ledger.turns()].some(({ app }) => app === name)) this.#checkOutsideHeap(name);
  }

  /** A fresh isolate of the app has started, or it has none any more. */
  renew(app: string): void {
    this.#ledger.renew(app);
  }

  /** The app is gone, or another version of it has come. */
  forget(app: string): void {
    this.#ledger.forget(app);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #lookLater(inMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#quietLooks = this.#ledger.hasTurns ? 0 : this.#quietLooks + 1;
      this.#look();
      this.#lookLater(this.#quietLooks < QUIET_LOOKS ? LOOK_MS : LOOK_IDLE_MS);
    }, inMs);
  }

  #look(): void {
    const nowMs = this.#options.nowMs();
    const rssBytes = this.#options.rssBytes();
    this.#lookedMs = nowMs;
    this.#ledger.look(rssBytes, nowMs);
    for (const turn of this.#ledger.turns()) this.#checkTurn(turn.app, turn.aloneBytes);
    this.#checkCeiling(rssBytes, nowMs);
  }

  #checkTurn(name: string, aloneBytes: number): void {
    const app = this.#options.app(name);
    if (app === undefined) return;
    const most = turnBytesMax(app.memoryBytesMax);
    if (aloneBytes > most) app.end('far over the memory limit in one turn');
    else if (this.#ledger.grownBytes(name) > most) this.#options.suspect(name);
  }

  /** An app that has more than its limit outside of its heap gets a fresh isolate. */
  #checkOutsideHeap(name: string): void {
    const app = this.#options.app(name);
    if (app === undefined || !app.isResident) return;
    if (!this.#isOutgrown(name, app)) return;
    this.#ledger.renew(name);
    app.recycle('native memory over the memory limit');
  }

  #isOutgrown(name: string, app: GuardedApp): boolean {
    const { memoryBytesMax, isRecycling } = app;
    if (this.#ledger.grownBytes(name) > memoryBytesMax) {
      const heap = app.heapBytes();
      // its limit has ended it
      if (heap === 0) return false;
      const certain = this.#ledger.grownAloneBytes(name) - heap;
      if (certain > memoryBytesMax) this.#ledger.learn(name, certain);
      // an estimate costs nobody a request
      if (isRecycling) return certain > turnBytesMax(memoryBytesMax);
      if (this.#ledger.grownBytes(name) - heap > memoryBytesMax) return true;
    }
    if (isRecycling || this.#ledger.leakedBytes(name) <= memoryBytesMax) return false;
    this.#ledger.doubt(name);
    return true;
  }

  #checkCeiling(rssBytes: number, nowMs: number): void {
    const { ceilingBytes } = this.#options;
    if (rssBytes <= SOFT * ceilingBytes) return;
    // nobody ends while somebody is idle
    if ((nowMs >= this.#evictAtMs || rssBytes > HARD * ceilingBytes) && this.#evictIdle(nowMs)) return;
    const most = this.#isSettling(nowMs) ? ceilingBytes : HARD * ceilingBytes;
    if (rssBytes <= most || nowMs < this.#endAtMs) return;
    this.#endAtMs = nowMs + SETTLE_END_MS;
    const largest = this.#largest();
    if (largest !== undefined) largest.end('the cell is full, and no app takes more of it');
    else if (!this.#isWorn) {
      this.#isWorn = true;
      this.#options.worn(`${Math.round(rssBytes / MB)} MB resident, and no app has them`);
    }
  }

  #evictIdle(nowMs: number): boolean {
    this.#evictAtMs = nowMs + SETTLE_EVICTION_MS;
    const evicted = this.#options.evict(Math.ceil(this.#options.residents() * EVICTED_PART));
    if (evicted > 0) this.#evictedMs = nowMs;
    return evicted > 0;
  }

  #isSettling(nowMs: number): boolean {
    return this.#evictedMs !== undefined && nowMs < this.#evictedMs + SETTLE_EVICTION_MS;
  }

  #largest(): GuardedApp | undefined {
    let largest: GuardedApp | undefined;
    let most = OFFENCE_BYTES_MIN;
    for (const [name, app] of this.#options.apps()) {
      const bytes = Math.max(this.#ledger.grownBytes(name), app.wasmBytes);
      if (bytes > most) [largest, most] = [app, bytes];
    }
    return largest;
  }
}

/** More than an isolate takes within its limit, also while V8 has not looked yet. */
function turnBytesMax(memoryBytesMax: number): number {
  return TURN_PER_LIMIT * memoryBytesMax + TURN_BYTES_EXTRA;
}
