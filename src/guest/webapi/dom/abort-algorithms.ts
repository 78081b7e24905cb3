/** The view that others have of an AbortSignal, apart from its class so that EventTarget needs no import of its own subclass. */
export interface AbortAlgorithms {
  readonly aborted: boolean;
  readonly reason: unknown;
  /** https://dom.spec.whatwg.org/#abortsignal-add: runs once, before the event; not at all when already aborted. Returns what removes it. */
  add(algorithm: () => void): () => void;
}

let lookUp: ((signal: unknown) => AbortAlgorithms) | undefined;

export function bindAbortAlgorithms(implementation: (signal: unknown) => AbortAlgorithms): void {
  lookUp = implementation;
}

/** Throws a TypeError when `signal` is no AbortSignal. */
export function abortSignalAlgorithms(signal: unknown): AbortAlgorithms {
  if (lookUp === undefined) throw new TypeError('Value is not an AbortSignal');
  return lookUp(signal);
}
