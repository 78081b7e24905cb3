/** https://dom.spec.whatwg.org/#interface-eventtarget. Targets have no parents here: dispatch visits the target's own listeners. */
import { reportException } from '../console/report-exception.ts';
import { isObject, requireArguments, toDictionary, toDOMString } from '../webidl.ts';
import { abortSignalAlgorithms } from './abort-algorithms.ts';
import { DOMException } from './dom-exception.ts';
import { type Event, eventState, isEvent } from './event.ts';

interface Listener {
  readonly callback: object;
  readonly capture: boolean;
  readonly once: boolean;
  readonly passive: boolean;
  removed: boolean;
}

/** Told when a type gets its first listener or loses its last. */
type ListenersChanged = (type: string, listening: boolean) => void;

/** Fires an event made by the platform; false when it was cancelled. */
export let dispatchTrusted: (target: EventTarget, event: Event) => boolean;
/** For `on…` attributes. */
export let getEventHandler: (target: EventTarget, type: string) => object | null;
export let setEventHandler: (target: EventTarget, type: string, value: unknown) => void;
export let hasListeners: (target: EventTarget, type: string) => boolean;
/** Sets the one observer of a target: called when a type gets its first listener or loses its last. */
export let onListenersChanged: (target: EventTarget, changed: ListenersChanged) => void;

export class EventTarget {
  /** Arrays are replaced, never changed, so that a dispatch goes on with the listeners it began with. */
  #listeners: Map<string, readonly Listener[]> | undefined;
  #handlers: Map<string, EventHandler> | undefined;
  #changed: ListenersChanged | undefined;

  addEventListener(type: unknown, callback: unknown, options: unknown = undefined): void {
    if (!(#listeners in this)) throw new TypeError('EventTarget.addEventListener: this is not an EventTarget');
    requireArguments(arguments.length, 2, 'EventTarget.addEventListener');
    const typeText = toDOMString(type);
    const listener = toCallback(callback);
    const flags = toAddOptions(options);
    if (listener === null) throwIfNotSignal(flags.signal);
    else this.#add(typeText, listener, flags);
  }

  #add(type: string, callback: object, { capture, once, passive, signal }: AddOptions): void {
    const algorithms = signal === undefined ? undefined : abortSignalAlgorithms(signal);
    if (algorithms?.aborted === true) return;
    const listeners = this.#listeners?.get(type) ?? [];
    if (listeners.some((known) => known.callback === callback && known.capture === capture)) return;
    const listener = { callback, capture, once, passive, removed: false };
    this.#set(type, [...listeners, listener]);
    algorithms?.add(() => this.#remove(type, listener));
  }

  removeEventListener(type: unknown, callback: unknown, options: unknown = undefined): void {
    requireArguments(arguments.length, 2, 'EventTarget.removeEventListener');
    const typeText = toDOMString(type);
    const listener = toCallback(callback);
    const capture = toCapture(options);
    const found = this.#listeners?.get(typeText)?.find((known) => known.callback === listener && known.capture === capture);
    if (found !== undefined) this.#remove(typeText, found);
  }

  dispatchEvent(event: unknown): boolean {
    requireArguments(arguments.length, 1, 'EventTarget.dispatchEvent');
    if (!isEvent(event)) throw new TypeError('Value is not an Event');
    const state = eventState(event);
    if (state.dispatching || !state.initialized) throw new DOMException('The event is already being dispatched', 'InvalidStateError');
    state.isTrusted = false;
    return this.#dispatch(event);
  }

  #set(type: string, listeners: readonly Listener[]): void {
    this.#listeners ??= new Map();
    const before = this.#listeners.has(type);
    if (listeners.length > 0) this.#listeners.set(type, listeners);
    else this.#listeners.delete(type);
    if (before !== listeners.length > 0) this.#changed?.(type, !before);
  }

  #remove(type: string, listener: Listener): void {
    if (listener.removed) return;
    listener.removed = true;
    this.#set(type, (this.#listeners?.get(type) ?? []).filter((known) => known !== listener));
  }

  /** https://dom.spec.whatwg.org/#concept-event-dispatch */
  #dispatch(event: Event): boolean {
    const state = eventState(event);
    state.dispatching = true;
    state.target = this;
    state.phase = 2;
    state.currentTarget = this;
    this.#invoke(event, true);
    this.#invoke(event, false);
    Object.assign(state, { phase: 0, currentTarget: null, dispatching: false, stopPropagation: false, stopImmediatePropagation: false });
    return !state.canceled;
  }

  /** https://dom.spec.whatwg.org/#concept-event-listener-inner-invoke */
  #invoke(event: Event, capture: boolean): void {
    const state = eventState(event);
    if (state.stopPropagation) return;
    for (const listener of this.#listeners?.get(state.type) ?? []) {
      if (listener.removed || listener.capture !== capture) continue;
      if (listener.once) this.#remove(state.type, listener);
      state.inPassiveListener = listener.passive;
      callListener(listener.callback, this, event);
      state.inPassiveListener = false;
      if (state.stopImmediatePropagation) return;
    }
  }

  /** https://html.spec.whatwg.org/#event-handler-attributes: keeps its place among the listeners until it becomes null. */
  #setHandler(type: string, value: unknown): void {
    const callback = isObject(value) ? value : null;
    this.#handlers ??= new Map();
    const known = this.#handlers.get(type);
    if (known !== undefined && callback !== null) known.callback = callback;
    else if (known !== undefined) {
      this.#handlers.delete(type);
      this.#remove(type, known.listener);
    } else if (callback !== null) this.#handlers.set(type, this.#addHandler(type, callback));
  }

  #addHandler(type: string, callback: object): EventHandler {
    const run = (event: Event): void => callHandler(handler.callback, this, event);
    const handler: EventHandler = { callback, listener: { callback: run, capture: false, once: false, passive: false, removed: false } };
    this.#set(type, [...(this.#listeners?.get(type) ?? []), handler.listener]);
    return handler;
  }

  static {
    dispatchTrusted = (target, event) => {
      eventState(event).isTrusted = true;
      return target.#dispatch(event);
    };
    getEventHandler = (target, type) => target.#handlers?.get(type)?.callback ?? null;
    setEventHandler = (target, type, value) => target.#setHandler(type, value);
    hasListeners = (target, type) => target.#listeners?.has(type) === true;
    onListenersChanged = (target, changed) => {
      target.#changed = changed;
    };
  }
}

interface EventHandler {
  callback: object;
  readonly listener: Listener;
}

interface AddOptions {
  readonly capture: boolean;
  readonly once: boolean;
  readonly passive: boolean;
  readonly signal: unknown;
}

function toCallback(value: unknown): object | null {
  if (value === null || value === undefined) return null;
  if (!isObject(value)) throw new TypeError('Listener is not an object');
  return value;
}

/** https://dom.spec.whatwg.org/#concept-flatten-options */
function toCapture(options: unknown): boolean {
  return isObject(options) ? Boolean(toDictionary(options, 'EventListenerOptions').capture) : Boolean(options);
}

function toAddOptions(options: unknown): AddOptions {
  if (!isObject(options)) return { capture: Boolean(options), once: false, passive: false, signal: undefined };
  const { capture, once, passive, signal } = toDictionary(options, 'AddEventListenerOptions');
  return { capture: Boolean(capture), once: Boolean(once), passive: Boolean(passive), signal };
}

function throwIfNotSignal(signal: unknown): void {
  if (signal !== undefined) abortSignalAlgorithms(signal);
}

function callListener(callback: object, target: EventTarget, event: Event): void {
  try {
    if (typeof callback === 'function') Reflect.apply(callback, target, [event]);
    else callHandleEvent(callback, event);
  } catch (error) {
    reportException(error);
  }
}

function callHandleEvent(callback: object, event: Event): void {
  const handleEvent: unknown = Reflect.get(callback, 'handleEvent');
  if (typeof handleEvent !== 'function') throw new TypeError('handleEvent is not a function');
  Reflect.apply(handleEvent, callback, [event]);
}

/** https://html.spec.whatwg.org/#the-event-handler-processing-algorithm; a handler that is no function does nothing. */
function callHandler(callback: object, target: EventTarget, event: Event): void {
  if (typeof callback === 'function' && Reflect.apply(callback, target, [event]) === false) event.preventDefault();
}
