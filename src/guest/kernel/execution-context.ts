/** The third argument of a module handler. Source: developers.cloudflare.com/workers/runtime-apis/context */
export class ExecutionContext {
  readonly #waitUntil: (promise: unknown) => void;
  readonly props = {};

  constructor(waitUntil: (promise: unknown) => void) {
    this.#waitUntil = waitUntil;
  }

  /** Keeps the request's work alive until `promise` settles, after the response is sent. */
  waitUntil(promise: unknown): void {
    this.#waitUntil(promise);
  }

  /** Accepted; there is no origin behind an app to pass through to, so an exception still ends in an error page. */
  passThroughOnException(): void {}
}
Object.defineProperty(ExecutionContext.prototype, Symbol.toStringTag, { value: 'ExecutionContext', configurable: true });
