/** https://html.spec.whatwg.org/#messageevent */
import { Event, eventState } from '../../dom/event.ts';
import { requireArguments, toDictionary, toDOMString, toSequence, toUSVString } from '../../webidl.ts';
import { isMessagePort, type MessagePort } from './message-port.ts';

interface MessageState {
  data: unknown;
  origin: string;
  lastEventId: string;
  source: MessagePort | null;
  ports: readonly MessagePort[];
}

export class MessageEvent extends Event {
  #state: MessageState;

  constructor(type: unknown, init: unknown = undefined) {
    requireArguments(arguments.length, 1, 'MessageEvent constructor');
    super(type, init);
    const { data = null, lastEventId = '', origin = '', ports, source = null } = toDictionary(init, 'MessageEventInit');
    this.#state = stateOf(data, origin, lastEventId, source, ports);
  }

  get data(): unknown {
    return this.#state.data;
  }

  get origin(): string {
    return this.#state.origin;
  }

  get lastEventId(): string {
    return this.#state.lastEventId;
  }

  get source(): MessagePort | null {
    return this.#state.source;
  }

  /** The same frozen array every time */
  get ports(): readonly MessagePort[] {
    return this.#state.ports;
  }

  /** Legacy; does nothing while the event is dispatched. */
  initMessageEvent(
    type: unknown,
    bubbles: unknown = false,
    cancelable: unknown = false,
    data: unknown = null,
    origin: unknown = '',
    lastEventId: unknown = '',
    source: unknown = null,
    ports: unknown = undefined,
  ): void {
    requireArguments(arguments.length, 1, 'MessageEvent.initMessageEvent');
    const state = stateOf(data, origin, lastEventId, source, ports);
    if (eventState(this).dispatching) return;
    this.initEvent(type, bubbles, cancelable);
    this.#state = state;
  }
}

function stateOf(data: unknown, origin: unknown, lastEventId: unknown, source: unknown, ports: unknown): MessageState {
  return {
    data,
    lastEventId: toDOMString(lastEventId),
    origin: toUSVString(origin),
    ports: Object.freeze(ports === undefined ? [] : toSequence(ports, toPort)),
    source: source === null || source === undefined ? null : toPort(source),
  };
}

function toPort(value: unknown): MessagePort {
  if (!isMessagePort(value)) throw new TypeError('Value is not a MessagePort');
  return value;
}
