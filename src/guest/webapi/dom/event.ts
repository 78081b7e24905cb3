/** https://dom.spec.whatwg.org/#interface-event. Without trees: a path is at most its target. */
import { nowMs } from '../../kernel/clock.ts';
import { defineConstants, requireArguments, toDictionary, toDOMString } from '../webidl.ts';

/** The flags that only dispatch changes. */
export interface EventState {
  type: string;
  bubbles: boolean;
  cancelable: boolean;
  composed: boolean;
  target: object | null;
  currentTarget: object | null;
  phase: number;
  stopPropagation: boolean;
  stopImmediatePropagation: boolean;
  canceled: boolean;
  inPassiveListener: boolean;
  dispatching: boolean;
  initialized: boolean;
  isTrusted: boolean;
}

/** For EventTarget: the flags of an event. Throws a TypeError when `event` is none. */
export let eventState: (event: Event) => EventState;
export let isEvent: (value: unknown) => value is Event;

/** Every event has a property of its own, all with one getter. */
let isTrustedProperty: PropertyDescriptor;

export class Event {
  declare readonly isTrusted: boolean;
  readonly #state: EventState;
  readonly #timeStamp = nowMs();

  constructor(type: unknown, init: unknown = undefined) {
    requireArguments(arguments.length, 1, 'Event constructor');
    const typeText = toDOMString(type);
    const { bubbles, cancelable, composed } = toDictionary(init, 'EventInit');
    this.#state = {
      type: typeText,
      bubbles: Boolean(bubbles),
      cancelable: Boolean(cancelable),
      composed: Boolean(composed),
      target: null,
      currentTarget: null,
      phase: 0,
      stopPropagation: false,
      stopImmediatePropagation: false,
      canceled: false,
      inPassiveListener: false,
      dispatching: false,
      initialized: true,
      isTrusted: false,
    };
    // [LegacyUnforgeable]
    Object.defineProperty(this, 'isTrusted', isTrustedProperty);
  }

  get type(): string {
    return this.#state.type;
  }

  get target(): object | null {
    return this.#state.target;
  }

  get srcElement(): object | null {
    return this.#state.target;
  }

  get currentTarget(): object | null {
    return this.#state.currentTarget;
  }

  get eventPhase(): number {
    return this.#state.phase;
  }

  get bubbles(): boolean {
    return this.#state.bubbles;
  }

  get cancelable(): boolean {
    return this.#state.cancelable;
  }

  get composed(): boolean {
    return this.#state.composed;
  }

  get defaultPrevented(): boolean {
    return this.#state.canceled;
  }

  get timeStamp(): number {
    return this.#timeStamp;
  }

  get cancelBubble(): boolean {
    return this.#state.stopPropagation;
  }

  set cancelBubble(value: unknown) {
    const state = this.#state;
    if (value) state.stopPropagation = true;
  }

  get returnValue(): boolean {
    return !this.#state.canceled;
  }

  set returnValue(value: unknown) {
    const state = this.#state;
    if (!value) setCanceled(state);
  }

  composedPath(): object[] {
    const { currentTarget } = this.#state;
    return currentTarget === null ? [] : [currentTarget];
  }

  stopPropagation(): void {
    this.#state.stopPropagation = true;
  }

  stopImmediatePropagation(): void {
    this.#state.stopPropagation = true;
    this.#state.stopImmediatePropagation = true;
  }

  preventDefault(): void {
    setCanceled(this.#state);
  }

  /** Legacy; does nothing while the event is dispatched. */
  initEvent(type: unknown, bubbles: unknown = false, cancelable: unknown = false): void {
    requireArguments(arguments.length, 1, 'Event.initEvent');
    const typeText = toDOMString(type);
    const state = this.#state;
    if (state.dispatching) return;
    Object.assign(state, { initialized: true, stopPropagation: false, stopImmediatePropagation: false, canceled: false, isTrusted: false, target: null });
    Object.assign(state, { type: typeText, bubbles: Boolean(bubbles), cancelable: Boolean(cancelable) });
  }

  static {
    defineConstants(this, { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 });
    const { get } = Object.getOwnPropertyDescriptor(
      {
        get isTrusted(): boolean {
          return (this as unknown as Event).#state.isTrusted;
        },
      },
      'isTrusted',
    )!;
    isTrustedProperty = { get: get!, enumerable: true, configurable: false };
    eventState = (event) => event.#state;
    isEvent = (value): value is Event => typeof value === 'object' && value !== null && #state in value;
  }
}

/** https://dom.spec.whatwg.org/#set-the-canceled-flag */
function setCanceled(state: EventState): void {
  if (state.cancelable && !state.inPassiveListener) state.canceled = true;
}
