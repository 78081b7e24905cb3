/** https://dom.spec.whatwg.org/#interface-AbortSignal */
import { runAfter } from '../timers/timer-queue.ts';
import { requireArguments, toInteger, toSequence } from '../webidl.ts';
import { type AbortAlgorithms, bindAbortAlgorithms } from './abort-algorithms.ts';
import { DOMException } from './dom-exception.ts';
import { Event } from './event.ts';
import { dispatchTrusted, EventTarget, getEventHandler, hasListeners, onListenersChanged, setEventHandler } from './event-target.ts';

const constructing = Symbol('constructing');

/** Orders signals by when they were made and when they were aborted. */
let sequence = 0;

export let isAbortSignal: (value: unknown) => value is AbortSignal;
export let newAbortSignal: () => AbortSignal;
/** What `AbortSignal.any` makes of an array. */
export let newDependentSignal: (signals: readonly AbortSignal[]) => AbortSignal;
/** Aborts; an undefined reason becomes an AbortError. */
export let signalAbort: (signal: AbortSignal, reason: unknown) => void;
/** Runs `algorithm` when the signal is aborted, before its event. Returns what removes it. */
export let addAbortAlgorithm: (signal: AbortSignal, algorithm: () => void) => () => void;

/**
 * A dependent signal (of `any`) takes its state from its sources when it is asked, and hangs on them only while it has listeners or
 * algorithms of its own: a signal that nobody listens to is never held by a source that lives longer.
 */
export class AbortSignal extends EventTarget {
  readonly #created = ++sequence;
  #abortedAt = 0;
  #reason: unknown;
  #algorithms: Set<() => void> | undefined;
  #sources: readonly AbortSignal[] | undefined;
  #dependents: Set<AbortSignal> | undefined;

  constructor(token: unknown = undefined) {
    if (token !== constructing) throw new TypeError('Illegal constructor');
    super();
  }

  static abort(reason: unknown = undefined): AbortSignal {
    const signal = new AbortSignal(constructing);
    signal.#setAborted(reason, ++sequence);
    return signal;
  }

  static timeout(milliseconds: unknown): AbortSignal {
    requireArguments(arguments.length, 1, 'AbortSignal.timeout');
    const delayMs = toInteger(milliseconds, 64, false, 'enforceRange');
    const signal = new AbortSignal(constructing);
    runAfter(delayMs, () => signal.#abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')));
    return signal;
  }

  static any(signals: unknown): AbortSignal {
    requireArguments(arguments.length, 1, 'AbortSignal.any');
    return AbortSignal.#dependent(toSequence(signals, toSignal));
  }

  /** https://dom.spec.whatwg.org/#create-a-dependent-abort-signal */
  static #dependent(signals: readonly AbortSignal[]): AbortSignal {
    const signal = new AbortSignal(constructing);
    const aborted = signals.find((source) => source.aborted);
    if (aborted !== undefined) signal.#setAborted(aborted.#reason, ++sequence);
    else if (signals.length > 0) signal.#dependOn(signals);
    return signal;
  }

  get aborted(): boolean {
    this.#update();
    return this.#abortedAt > 0;
  }

  get reason(): unknown {
    this.#update();
    return this.#reason;
  }

  throwIfAborted(): void {
    this.#update();
    if (this.#abortedAt > 0) throw this.#reason;
  }

  get onabort(): object | null {
    return getEventHandler(toSignal(this), 'abort');
  }

  set onabort(value: unknown) {
    setEventHandler(toSignal(this), 'abort', value);
  }

  #setAborted(reason: unknown, at: number): void {
    this.#abortedAt = at;
    this.#reason = reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason;
    this.#sources = undefined;
  }

  #dependOn(signals: readonly AbortSignal[]): void {
    this.#sources = [...new Set(signals.flatMap((source) => source.#sources ?? [source]))];
    onListenersChanged(this, () => this.#relink());
  }

  /** Takes over the state of the source that was aborted first. */
  #update(): void {
    let first: AbortSignal | undefined;
    for (const source of this.#sources ?? []) {
      if (source.#abortedAt > 0 && (first === undefined || source.#abortedAt < first.#abortedAt)) first = source;
    }
    if (first !== undefined) this.#setAborted(first.#reason, first.#abortedAt);
  }

  #relink(): void {
    this.#update();
    const needed = hasListeners(this, 'abort') || (this.#algorithms?.size ?? 0) > 0;
    for (const source of this.#sources ?? []) {
      if (needed) (source.#dependents ??= new Set()).add(this);
      else source.#dependents?.delete(this);
    }
  }

  /** https://dom.spec.whatwg.org/#abortsignal-signal-abort */
  #abort(reason: unknown): void {
    if (this.aborted) return;
    this.#setAborted(reason, ++sequence);
    const waiting = [...(this.#dependents ?? [])].toSorted((a, b) => a.#created - b.#created);
    this.#dependents = undefined;
    const dependents = waiting.filter((signal) => signal.#follow(this));
    this.#runAbortSteps();
    for (const signal of dependents) signal.#runAbortSteps();
  }

  /** True when `source` is what aborts this signal. */
  #follow(source: AbortSignal): boolean {
    const sources = this.#sources;
    if (sources === undefined) return false;
    this.#update();
    for (const other of sources) other.#dependents?.delete(this);
    return this.#abortedAt === source.#abortedAt;
  }

  #runAbortSteps(): void {
    const algorithms = this.#algorithms;
    this.#algorithms = undefined;
    for (const algorithm of algorithms ?? []) algorithm();
    dispatchTrusted(this, new Event('abort'));
  }

  #add(algorithm: () => void): () => void {
    if (this.aborted) return () => undefined;
    const entry = (): void => algorithm();
    (this.#algorithms ??= new Set()).add(entry);
    this.#relink();
    return () => {
      if (this.#algorithms?.delete(entry) === true) this.#relink();
    };
  }

  static {
    isAbortSignal = (value): value is AbortSignal => typeof value === 'object' && value !== null && #created in value;
    newAbortSignal = () => new AbortSignal(constructing);
    newDependentSignal = (signals) => AbortSignal.#dependent(signals);
    signalAbort = (signal, reason) => signal.#abort(reason);
    addAbortAlgorithm = (signal, algorithm) => signal.#add(algorithm);
  }
}

function toSignal(value: unknown): AbortSignal {
  if (!isAbortSignal(value)) throw new TypeError('Value is not an AbortSignal');
  return value;
}

bindAbortAlgorithms((value): AbortAlgorithms => {
  const signal = toSignal(value);
  return {
    aborted: signal.aborted,
    reason: signal.reason,
    add: (algorithm) => addAbortAlgorithm(signal, algorithm),
  };
});
