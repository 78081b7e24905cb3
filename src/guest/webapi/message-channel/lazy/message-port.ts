/** https://html.spec.whatwg.org/#message-ports, between parts of one isolate. */
import { Event } from '../../dom/event.ts';
import { dispatchTrusted, EventTarget, getEventHandler, setEventHandler } from '../../dom/event-target.ts';
import { cloneWithTransfer, onTransfer, type Transfer } from '../../structured-clone/index.ts';
import { runAfter } from '../../timers/timer-queue.ts';
import { isObject, iteratorMethod, requireArguments, sequenceFrom, toDictionary, toSequence } from '../../webidl.ts';

const constructing = Symbol('constructing');

interface Message {
  readonly data: unknown;
  readonly ports: readonly MessagePort[];
}

/** One end of a channel. It outlives the MessagePort that has it: a transfer gives it to another one. */
interface End {
  owner: MessagePort | undefined;
  other: End | undefined;
  /** came before the port was started, in order */
  waiting: Message[];
  isStarted: boolean;
}

export let isMessagePort: (value: unknown) => value is MessagePort;
export let newChannel: () => [MessagePort, MessagePort];

/** Set by message-event.ts's user: the class needs this file itself. */
let makeEvent: (message: Message) => Event;

export function setMessageEvent(make: (message: Message) => Event): void {
  makeEvent = make;
}

export class MessagePort extends EventTarget {
  /** undefined once it was closed or transferred */
  #end: End | undefined;

  constructor(token: unknown = undefined) {
    if (token !== constructing) throw new TypeError('Illegal constructor');
    super();
  }

  /** `(message, transfer)` or `(message, { transfer })` */
  postMessage(message: unknown, options: unknown = undefined): void {
    const end = this.#end;
    requireArguments(arguments.length, 1, 'MessagePort.postMessage');
    const transfer = toTransfer(options);
    const { clone, transferred } = cloneWithTransfer(message, transfer, this);
    const other = end?.other;
    if (other === undefined || (other.owner !== undefined && transfer.includes(other.owner))) return;
    other.waiting.push({ data: clone, ports: Object.freeze(transferred.filter(isMessagePort)) });
    if (other.isStarted) MessagePort.#deliverLater(other);
  }

  start(): void {
    const end = this.#end;
    if (end === undefined || end.isStarted) return;
    end.isStarted = true;
    for (let i = 0; i < end.waiting.length; i++) MessagePort.#deliverLater(end);
  }

  close(): void {
    const end = this.#end;
    this.#end = undefined;
    if (end === undefined) return;
    end.owner = undefined;
    end.waiting = [];
    const { other } = end;
    end.other = undefined;
    if (other === undefined) return;
    other.other = undefined;
    runAfter(0, () => other.owner !== undefined && dispatchTrusted(other.owner, new Event('close')));
  }

  get onmessage(): object | null {
    return getEventHandler(toPort(this), 'message');
  }

  set onmessage(value: unknown) {
    setEventHandler(toPort(this), 'message', value);
    this.start();
  }

  get onmessageerror(): object | null {
    return getEventHandler(toPort(this), 'messageerror');
  }

  set onmessageerror(value: unknown) {
    setEventHandler(toPort(this), 'messageerror', value);
  }

  get onclose(): object | null {
    return getEventHandler(toPort(this), 'close');
  }

  set onclose(value: unknown) {
    setEventHandler(toPort(this), 'close', value);
  }

  /** A task of its own, for whoever has the end by then. */
  static #deliverLater(end: End): void {
    runAfter(0, () => {
      if (end.owner === undefined || !end.isStarted) return;
      const message = end.waiting.shift();
      if (message !== undefined) dispatchTrusted(end.owner, makeEvent(message));
    });
  }

  /** https://html.spec.whatwg.org/#message-ports:transfer-steps */
  #transfer(): Transfer | undefined {
    const end = this.#end;
    if (end === undefined) return undefined;
    const clone = new MessagePort(constructing);
    return {
      clone,
      commit: () => {
        this.#end = undefined;
        clone.#end = end;
        end.owner = clone;
        end.isStarted = false;
      },
    };
  }

  static {
    isMessagePort = (value): value is MessagePort => typeof value === 'object' && value !== null && #end in value;
    newChannel = () => {
      const [first, second] = [new MessagePort(constructing), new MessagePort(constructing)];
      first.#end = { owner: first, other: undefined, waiting: [], isStarted: false };
      second.#end = { owner: second, other: first.#end, waiting: [], isStarted: false };
      first.#end.other = second.#end;
      return [first, second];
    };
    onTransfer((value) => (isMessagePort(value) ? () => value.#transfer() : undefined));
  }
}

function toPort(value: unknown): MessagePort {
  if (!isMessagePort(value)) throw new TypeError('Value is not a MessagePort');
  return value;
}

function toTransfer(options: unknown): object[] {
  const method = isObject(options) ? iteratorMethod(options) : undefined;
  if (method !== undefined) return sequenceFrom(options as object, method, toObject);
  const { transfer } = toDictionary(options, 'StructuredSerializeOptions');
  return transfer === undefined ? [] : toSequence(transfer, toObject);
}

function toObject(value: unknown): object {
  if (!isObject(value)) throw new TypeError('A value to be transferred is not an object');
  return value;
}
