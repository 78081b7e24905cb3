/** https://dom.spec.whatwg.org/#interface-customevent */
import { requireArguments, toDictionary } from '../webidl.ts';
import { Event, eventState } from './event.ts';

export class CustomEvent extends Event {
  #detail: unknown;

  constructor(type: unknown, init: unknown = undefined) {
    requireArguments(arguments.length, 1, 'CustomEvent constructor');
    super(type, init);
    const { detail = null } = toDictionary(init, 'CustomEventInit');
    this.#detail = detail;
  }

  get detail(): unknown {
    return this.#detail;
  }

  /** Legacy; does nothing while the event is dispatched. */
  initCustomEvent(type: unknown, bubbles: unknown = false, cancelable: unknown = false, detail: unknown = null): void {
    requireArguments(arguments.length, 1, 'CustomEvent.initCustomEvent');
    const { dispatching } = eventState(this);
    this.initEvent(type, bubbles, cancelable);
    if (!dispatching) this.#detail = detail;
  }
}
