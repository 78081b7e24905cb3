/** https://dom.spec.whatwg.org/#interface-abortcontroller */
import { type AbortSignal, newAbortSignal, signalAbort } from './abort-signal.ts';

export class AbortController {
  readonly #signal = newAbortSignal();

  get signal(): AbortSignal {
    return this.#signal;
  }

  abort(reason: unknown = undefined): void {
    signalAbort(this.#signal, reason);
  }
}
