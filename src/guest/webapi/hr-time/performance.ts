/** https://w3c.github.io/hr-time/#sec-performance. The clock stands still between I/O, and its origin is the epoch, as in Workers. */
import { nowMs } from '../../kernel/clock.ts';
import { EventTarget } from '../dom/event-target.ts';

const constructing = Symbol('constructing');

export class Performance extends EventTarget {
  readonly #timeOrigin = 0;

  constructor(token: unknown = undefined) {
    if (token !== constructing) throw new TypeError('Illegal constructor');
    super();
  }

  /** Milliseconds since {@link timeOrigin} */
  now(): number {
    return nowMs() - this.#timeOrigin;
  }

  get timeOrigin(): number {
    return this.#timeOrigin;
  }

  toJSON(): { timeOrigin: number } {
    return { timeOrigin: this.#timeOrigin };
  }
}

export const performance = new Performance(constructing);
