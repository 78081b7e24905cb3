/** AbortController and AbortSignal, https://dom.spec.whatwg.org/#aborting-ongoing-activities. Of EventTarget they have what concerns the one event `abort`. */
import { startTimer } from './timers.ts';

export interface AbortEvent {
  readonly type: 'abort';
  readonly target: AbortSignal;
}

type Listener = ((event: AbortEvent) => void) | { handleEvent(event: AbortEvent): void };

const constructing = Symbol('constructing');

/** A DOMException, which the engine has, of that name. */
function exception(message: string, name: 'AbortError' | 'TimeoutError'): Error {
  const { DOMException } = globalThis as unknown as { DOMException: new (message: string, name: string) => Error };
  return new DOMException(message, name);
}

let abort: (signal: AbortSignal, reason: unknown) => void;

export class AbortSignal {
  onabort: ((event: AbortEvent) => void) | null = null;
  readonly #listeners = new Map<Listener, { readonly once: boolean }>();
  readonly #algorithms = new Set<(reason: unknown) => void>();
  #aborted = false;
  #reason: unknown;

  constructor(token: unknown = undefined) {
    if (token !== constructing) throw new TypeError('Illegal constructor');
  }

  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal(constructing);
    signal.#abort(reason);
    return signal;
  }

  static timeout(milliseconds: number): AbortSignal {
    const signal = new AbortSignal(constructing);
    startTimer(milliseconds, () => signal.#abort(exception('The operation was aborted due to timeout', 'TimeoutError')));
    return signal;
  }

  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const signal = new AbortSignal(constructing);
    for (const source of signals) source.onceAborted((reason) => signal.#abort(reason));
    return signal;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }

  addEventListener(type: string, listener: Listener | null, options?: boolean | { readonly once?: boolean }): void {
    if (type !== 'abort' || listener === null || this.#listeners.has(listener)) return;
    this.#listeners.set(listener, { once: typeof options === 'object' && options.once === true });
  }

  removeEventListener(type: string, listener: Listener | null): void {
    if (type === 'abort' && listener !== null) this.#listeners.delete(listener);
  }

  /** Runs `algorithm` when the signal is aborted, at once when it is already, before its event. Returns what takes it back. */
  onceAborted(algorithm: (reason: unknown) => void): () => void {
    if (this.#aborted) algorithm(this.#reason);
    else this.#algorithms.add(algorithm);
    return () => this.#algorithms.delete(algorithm);
  }

  #abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason === undefined ? exception('This operation was aborted', 'AbortError') : reason;
    for (const algorithm of this.#algorithms) algorithm(this.#reason);
    this.#algorithms.clear();
    this.#dispatch();
  }

  #dispatch(): void {
    const event: AbortEvent = { type: 'abort', target: this };
    this.onabort?.(event);
    for (const [listener, { once }] of this.#listeners) {
      if (once) this.#listeners.delete(listener);
      if (typeof listener === 'function') listener(event);
      else listener.handleEvent(event);
    }
  }

  static {
    abort = (signal, reason) => signal.#abort(reason);
  }
}

export class AbortController {
  readonly signal = new AbortSignal(constructing);

  abort(reason?: unknown): void {
    abort(this.signal, reason);
  }
}
