/** Timers of one isolate: a heap of due times, and one wake-up that the host is asked for. */
import { assertHandling } from '../../kernel/clock.ts';

interface Timer {
  readonly id: number;
  readonly requestId: number;
  readonly callback: () => void;
  /** null: once */
  readonly intervalMs: number | null;
  dueMs: number;
  /** Timers that are due at the same time run in the order in which they were set. */
  order: number;
  heapIndex: number;
}

export interface TimerQueueOptions {
  /** Milliseconds since the epoch */
  now(): number;
  /** Asks the host to enter at that time; replaces the earlier wish, null withdraws it. */
  scheduleWake(timeMs: number | null, requestId: number): void;
  currentRequest(): number;
  /** Runs `callback` on behalf of the request that set the timer, now or in its turn. */
  withRequest(requestId: number, callback: () => void): void;
  reportException(error: unknown): void;
}

export const liveTimersMax = 10_000;
const timerIdMax = 0x7fff_ffff;

export class TimerQueue {
  readonly #options: TimerQueueOptions;
  readonly #heap: Timer[] = [];
  readonly #timers = new Map<number, Timer>();
  #lastId = 0;
  #lastOrder = 0;
  #running = false;
  #wakeMs: number | null = null;
  #wakeRequestId = 0;

  constructor(options: TimerQueueOptions) {
    this.#options = options;
  }

  /** Returns the timer's id, a positive integer. Throws an Error at top level and a RangeError past {@link liveTimersMax}. */
  set(callback: () => void, delayMs: number, repeat: boolean): number {
    assertHandling();
    if (this.#timers.size >= liveTimersMax) throw new RangeError(`Too many timers: at most ${liveTimersMax} may wait at once`);
    const intervalMs = repeat ? Math.max(delayMs, 1) : null;
    const timer: Timer = {
      id: this.#nextId(),
      requestId: this.#options.currentRequest(),
      callback,
      intervalMs,
      dueMs: this.#options.now() + (intervalMs ?? delayMs),
      order: ++this.#lastOrder,
      heapIndex: -1,
    };
    this.#timers.set(timer.id, timer);
    this.#push(timer);
    this.#updateWake();
    return timer.id;
  }

  /** An unknown id is ignored. */
  clear(id: number): void {
    const timer = this.#timers.get(id);
    if (timer === undefined) return;
    this.#timers.delete(id);
    if (timer.heapIndex >= 0) this.#removeAt(timer.heapIndex);
    this.#updateWake();
  }

  /**
   * Runs what is due, at most one timer of each request: promise jobs run only after the entry, and those of one timer must come
   * before the next timer. Asks for an immediate wake-up when more is due.
   */
  runDue(): void {
    this.#wakeMs = null;
    this.#running = true;
    const nowMs = this.#options.now();
    const lastOrder = this.#lastOrder;
    const served = new Set<number>();
    for (let timer = this.#heap[0]; timer !== undefined; timer = this.#heap[0]) {
      if (timer.dueMs > nowMs || timer.order > lastOrder || served.has(timer.requestId)) break;
      served.add(timer.requestId);
      this.#removeAt(0);
      this.#run(timer);
    }
    this.#running = false;
    this.#updateWake();
  }

  #run(timer: Timer): void {
    try {
      this.#options.withRequest(timer.requestId, () => this.#fire(timer));
    } catch (error) {
      this.#options.reportException(error);
    }
  }

  /** The task of https://html.spec.whatwg.org/#timer-initialisation-steps; other code may have run since the timer was due. */
  #fire(timer: Timer): void {
    // 2. and 3. If id is not, or no longer, that of this timer, then abort
    if (this.#timers.get(timer.id) !== timer) return;
    if (timer.intervalMs === null) this.#timers.delete(timer.id);
    try {
      timer.callback();
    } finally {
      if (timer.intervalMs !== null) this.#repeat(timer, timer.intervalMs);
    }
  }

  #repeat(timer: Timer, intervalMs: number): void {
    if (this.#timers.get(timer.id) !== timer) return;
    timer.dueMs = this.#options.now() + intervalMs;
    timer.order = ++this.#lastOrder;
    this.#push(timer);
    this.#updateWake();
  }

  #nextId(): number {
    do this.#lastId = this.#lastId >= timerIdMax ? 1 : this.#lastId + 1;
    while (this.#timers.has(this.#lastId));
    return this.#lastId;
  }

  #updateWake(): void {
    if (this.#running) return;
    const next = this.#heap[0];
    const wakeMs = next?.dueMs ?? null;
    const requestId = next?.requestId ?? 0;
    if (wakeMs === this.#wakeMs && (wakeMs === null || requestId === this.#wakeRequestId)) return;
    this.#wakeMs = wakeMs;
    this.#wakeRequestId = requestId;
    this.#options.scheduleWake(wakeMs, requestId);
  }

  #push(timer: Timer): void {
    this.#place(timer, this.#heap.length);
    this.#siftUp(timer.heapIndex);
  }

  #removeAt(index: number): void {
    const removed = this.#heap[index]!;
    const last = this.#heap.pop()!;
    removed.heapIndex = -1;
    if (last === removed) return;
    this.#place(last, index);
    this.#siftUp(index);
    this.#siftDown(last.heapIndex);
  }

  #place(timer: Timer, index: number): void {
    this.#heap[index] = timer;
    timer.heapIndex = index;
  }

  #siftUp(index: number): void {
    const timer = this.#heap[index]!;
    let at = index;
    while (at > 0) {
      const parent = this.#heap[(at - 1) >> 1]!;
      if (!isBefore(timer, parent)) break;
      this.#place(parent, at);
      at = (at - 1) >> 1;
    }
    this.#place(timer, at);
  }

  #siftDown(index: number): void {
    const timer = this.#heap[index]!;
    let at = index;
    for (;;) {
      const child = this.#earlierChild(at);
      if (child === undefined || !isBefore(child, timer)) break;
      const childIndex = child.heapIndex;
      this.#place(child, at);
      at = childIndex;
    }
    this.#place(timer, at);
  }

  #earlierChild(index: number): Timer | undefined {
    const left = this.#heap[2 * index + 1];
    const right = this.#heap[2 * index + 2];
    if (left === undefined || right === undefined) return left;
    return isBefore(right, left) ? right : left;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs === b.dueMs ? a.order < b.order : a.dueMs < b.dueMs;
}

let bound: TimerQueue | undefined;

/** Set once by the boundary (or by a test). */
export function bindTimerQueue(queue: TimerQueue): void {
  bound = queue;
}

export function timerQueue(): TimerQueue {
  assertHandling();
  if (bound === undefined) throw new Error('No timer queue is attached');
  return bound;
}

/** https://html.spec.whatwg.org/#run-steps-after-a-timeout. Longer than 2^31-1 ms counts as that. Returns what cancels it. */
export function runAfter(delayMs: number, steps: () => void): () => void {
  const queue = timerQueue();
  const id = queue.set(steps, Math.min(delayMs, 0x7fff_ffff), false);
  return () => queue.clear(id);
}
