/** https://html.spec.whatwg.org/#promiserejectionevent */
import { Event } from '../dom/index.ts';
import { isObject, requireArguments, toDictionary } from '../webidl.ts';

export class PromiseRejectionEvent extends Event {
  readonly #promise: object;
  readonly #reason: unknown;

  constructor(type: unknown, init: unknown) {
    requireArguments(arguments.length, 2, 'PromiseRejectionEvent constructor');
    super(type, init);
    const { promise, reason } = toDictionary(init, 'PromiseRejectionEventInit');
    if (!isObject(promise)) throw new TypeError('PromiseRejectionEventInit.promise is not an object');
    this.#promise = promise;
    this.#reason = reason;
  }

  get promise(): object {
    return this.#promise;
  }

  get reason(): unknown {
    return this.#reason;
  }
}
