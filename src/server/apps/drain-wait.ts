import type { Writable } from 'node:stream';

/** Whoever writes waits here until the other side has taken enough. */
export class DrainWait {
  readonly #stream: Writable;
  #waiting: { readonly promise: Promise<void>; readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Resolves when the stream takes more. Rejects with what {@link fail} is given. */
  wait(): Promise<void> {
    if (this.#waiting !== undefined) return this.#waiting.promise;
    let resolve!: () => void;
    let reject!: (error: Error) => void;
    const promise = new Promise<void>((onResolve, onReject) => {
      resolve = onResolve;
      reject = onReject;
    });
    // A writer that doesn't wait must not bring the process down when the client leaves.
    promise.catch(() => {});
    this.#waiting = { promise, resolve, reject };
    this.#stream.once('drain', () => {
      this.#waiting?.resolve();
      this.#waiting = undefined;
    });
    return promise;
  }

  /** Nobody will take more. */
  fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
