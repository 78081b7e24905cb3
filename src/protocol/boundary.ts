/**
 * The data that crosses between the host and a V8 isolate.
 *
 * One crossing is one packed string and up to {@link CROSSING_BUFFERS_MAX} fixed ArrayBuffers. The string holds any number of
 * messages, each a kind and a list of string fields:
 *
 *     head '|' data        head = (kind ',' fieldCount ',' (fieldLength ',')*)*        data = all fields, concatenated
 *
 * Lengths are in UTF-16 code units. A field that refers to a buffer holds its decimal index in this crossing.
 * Both sides use this file; inside the guest it runs on captured primordials only.
 */
import { stringCharCodeAt, stringIndexOf, stringSlice } from '../util/primordials.ts';

export const CROSSING_BUFFERS_MAX = 8;
/** Longest chunk of a stream that crosses at once, in bytes. */
export const HOST_CHUNK_BYTES_MAX = 256 * 1024;

/** Host → guest. Fields in order. */
export const ToGuest = {
  /** requestId, method, url, bodyKind, body, name, value, name, value, … Body as in {@link BodyKind}. */
  request: 1,
  /** callId, bufferCount, firstBufferIndex, field, field, … The call's result */
  reply: 2,
  /** callId, errorName, message */
  replyError: 3,
  /** streamId, bufferIndex: the next chunk of a stream that the guest pulled */
  chunk: 4,
  /** streamId */
  end: 5,
  /** streamId, message */
  streamError: 6,
  /** streamId, bytes: the host wants that many more bytes of a stream that the guest offers */
  pull: 7,
  /** streamId: the host takes no more of it */
  cancel: 8,
  /** requestId: the client went away */
  abort: 9,
  /** no fields: a timer is due */
  wake: 10,
  /** errorName ('' for a value that is no error), message, stack: a promise of the entry before was rejected and nobody handles it */
  rejection: 11,
  /** requestId, cron, timeMs: a cron trigger; answered as a request is */
  scheduled: 12,
} as const;

/** Guest → host. Fields in order. */
export const ToHost = {
  /** requestId, status, statusText, flags, bodyKind, body, name, value, … */
  response: 1,
  /** requestId, flags, errorName, message, stack: the handler failed */
  fail: 2,
  /** requestId: everything passed to waitUntil has settled */
  done: 3,
  /** callId, requestId (0: none), name, bufferCount, firstBufferIndex, field, field, … */
  call: 4,
  /** callId: the result is no longer wanted */
  cancelCall: 5,
  /** streamId: ready for the next chunk */
  pull: 6,
  /** streamId */
  cancel: 7,
  /** streamId, bufferIndex */
  chunk: 8,
  /** streamId, text: a chunk that the host encodes as UTF-8 */
  textChunk: 9,
  /** streamId */
  end: 10,
  /** streamId, message */
  streamError: 11,
  /** timeMs, requestId: enter again at that time; replaces the earlier wake-up; '' cancels it */
  wake: 12,
  /** level, requestId, text */
  log: 13,
} as const;

/** How a body crosses: nothing · the text itself, UTF-8 on the wire · a buffer's index · a stream's id. */
export const BodyKind = { none: 0, text: 1, buffer: 2, stream: 3 } as const;

/** Flags of an answer: what was passed to waitUntil has not settled yet. */
export const ResponseFlag = { waitUntilPending: 1 } as const;

/** Slots of the Int32Array over the memory that the host shares with the boundary shim of one isolate. */
export const SharedSlot = {
  /** how many requests of the current crossing have been handed to the tenant's code */
  started: 0,
  /** the request whose code runs now; 0 between requests */
  current: 1,
  /** how much of the current crossing was handed over, see {@link HandedOver} */
  handedOver: 2,
  /** pages of 64 KB that the isolate's WebAssembly memories had when it last said so, and how many memories */
  wasmPages: 3,
  wasmMemories: 4,
} as const;
export const SHARED_SLOTS = 5;

/** `part`: the rest is handed over in one more entry, with {@link GO_ON} for a crossing, once the microtasks of this one have come to rest. */
export const HandedOver = { nothing: 0, part: 1, whole: 2 } as const;
export const GO_ON = '';

/** Collects messages into one crossing. Uses string concatenation only: no array or object that a tenant could have redefined. */
export class Packer {
  #head = '';
  #data = '';
  #messages = 0;

  get isEmpty(): boolean {
    return this.#messages === 0;
  }

  get messages(): number {
    return this.#messages;
  }

  get dataLength(): number {
    return this.#data.length;
  }

  /** Starts a message of `fieldCount` fields; exactly that many {@link field} calls must follow. */
  begin(kind: number, fieldCount: number): this {
    this.#head += `${decimal(kind)},${decimal(fieldCount)},`;
    this.#messages++;
    return this;
  }

  /** `value` must be a primitive string. */
  field(value: string): this {
    this.#head += `${decimal(value.length)},`;
    this.#data += value;
    return this;
  }

  number(value: number): this {
    return this.field(decimal(value));
  }

  take(): string {
    const packed = `${this.#head}|${this.#data}`;
    this.#head = '';
    this.#data = '';
    this.#messages = 0;
    return packed;
  }
}

/** Reads one crossing, message by message. Throws a RangeError on a string that is not one. */
export class Unpacker {
  readonly #packed: string;
  readonly #headEnd: number;
  #headAt = 0;
  #dataAt: number;
  #fieldsLeft = 0;

  constructor(packed: string) {
    this.#packed = packed;
    this.#headEnd = stringIndexOf(packed, '|');
    if (this.#headEnd < 0) throw new RangeError('Crossing without a head');
    this.#dataAt = this.#headEnd + 1;
  }

  /** Kind of the next message, or 0 at the end. Skips what was not read of the previous one. */
  next(): number {
    while (this.#fieldsLeft > 0) this.field();
    if (this.#headAt >= this.#headEnd) {
      if (this.#dataAt !== this.#packed.length) throw new RangeError('Crossing longer than its head says');
      return 0;
    }
    const kind = this.#integer();
    this.#fieldsLeft = this.#integer();
    return kind;
  }

  get fieldsLeft(): number {
    return this.#fieldsLeft;
  }

  field(): string {
    if (this.#fieldsLeft === 0) throw new RangeError('Message has fewer fields than expected');
    this.#fieldsLeft--;
    const start = this.#dataAt;
    const end = start + this.#integer();
    if (end > this.#packed.length) throw new RangeError('Crossing shorter than its head says');
    this.#dataAt = end;
    return stringSlice(this.#packed, start, end);
  }

  /** The next field as a non-negative safe integer. */
  number(): number {
    const text = this.field();
    let value = 0;
    for (let i = 0; i < text.length; i++) value = value * 10 + digit(stringCharCodeAt(text, i));
    if (text.length === 0 || text.length > 15) throw new RangeError('Field is not an integer');
    return value;
  }

  #integer(): number {
    let value = 0;
    for (let at = this.#headAt; at < this.#headEnd; at++) {
      const code = stringCharCodeAt(this.#packed, at);
      if (code === 44) {
        this.#headAt = at + 1;
        return value;
      }
      value = value * 10 + digit(code);
      if (value > 0x3fff_ffff) break;
    }
    throw new RangeError('Crossing with a malformed head');
  }
}

const DIGITS = '0123456789';

/**
 * A non-negative integer in decimals. By hand, because V8 remembers the strings of numbers that it converts in a cache that is allocated for each
 * isolate when the second number falls on a place in it: tens of kilobytes in every app.
 */
function decimal(value: number): string {
  let text = '';
  let left = value;
  do {
    const last = left % 10;
    text = DIGITS[last]! + text;
    left = (left - last) / 10;
  } while (left > 0);
  return text;
}

function digit(code: number): number {
  if (code < 48 || code > 57) throw new RangeError('Not a digit');
  return code - 48;
}
