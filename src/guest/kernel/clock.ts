/**
 * Time and randomness inside an isolate. Both are the host's: time moves only when the host enters the isolate, and neither
 * exists while top-level code runs (it may be baked into a snapshot).
 */
let entryTimeMs = 0;
let handling = false;

/** Milliseconds since the epoch at the time of the last entry; 0 at top level. */
export function nowMs(): number {
  return entryTimeMs;
}

/** Called by the boundary at every entry. */
export function enterAt(timeMs: number): void {
  entryTimeMs = timeMs;
  handling = true;
}

/** False while top-level code is evaluated. */
export function isHandling(): boolean {
  return handling;
}

/** Throws when called from top-level code. `Error` as workerd throws it. */
export function assertHandling(): void {
  if (!handling) {
    throw new Error(
      'Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or connect()), setting a timeout, and generating random values are not allowed within global scope.',
    );
  }
}
