/** The host's ends of the streams between one isolate and the host; see protocol/boundary.ts. */
import { ToGuest } from '../../protocol/boundary.ts';
import { NanosError } from '../../protocol/errors.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import { BUFFER_INDEX, type ToGuestQueue } from './to-guest-queue.ts';

/** A stream of bytes that the guest reads. */
export interface ByteReader {
  read(): Promise<Uint8Array | null>;
  cancel(): void;
}

/** Takes what a guest's stream yields. */
export interface ChunkConsumer {
  readonly owner: number;
  chunk(data: string | Uint8Array): void;
  end(): void;
  error(message: string): void;
}

const RETRY_AFTER_S = 1;

interface Offered {
  readonly reader: ByteReader;
  readonly owner: number;
  /** the request's own body: should the request not start here, it is read elsewhere */
  readonly isBody: boolean;
  reading: boolean;
}

export class GuestStreams {
  readonly #queue: ToGuestQueue;
  readonly #wake: () => void;
  readonly #offered = new Map<number, Offered>();
  readonly #consumers = new Map<number, ChunkConsumer>();
  #lastOffered = 0;

  constructor(queue: ToGuestQueue, wake: () => void) {
    this.#queue = queue;
    this.#wake = wake;
  }

  /** Offers a stream to the guest and returns its id. Throws `overloaded`. */
  offer(reader: ByteReader, owner: number, isBody = false): number {
    if (this.#offered.size >= HOST_LIMITS.streamsMax) throw tooManyStreams();
    const id = ++this.#lastOffered;
    this.#offered.set(id, { reader, owner, isBody, reading: false });
    return id;
  }

  /** The guest wants the next chunk of an offered stream. */
  pull(id: number): void {
    const offered = this.#offered.get(id);
    if (offered === undefined || offered.reading) return;
    offered.reading = true;
    void this.#read(id, offered);
  }

  async #read(id: number, offered: Offered): Promise<void> {
    try {
      const chunk = await offered.reader.read();
      offered.reading = false;
      if (this.#offered.get(id) !== offered) return;
      if (chunk === null) this.#close(id, offered, ToGuest.end, [id]);
      else this.#queue.push(ToGuest.chunk, [id, BUFFER_INDEX], offered.owner, [ownBuffer(chunk)]);
    } catch (error) {
      if (this.#offered.get(id) !== offered) return;
      this.#close(id, offered, ToGuest.streamError, [id, error instanceof Error ? error.message : 'The stream failed']);
    }
    this.#wake();
  }

  #close(id: number, offered: Offered, kind: number, fields: (string | number)[]): void {
    this.#offered.delete(id);
    this.#queue.push(kind, fields, offered.owner);
  }

  #tell(kind: number, fields: (string | number)[], owner: number): void {
    this.#queue.push(kind, fields, owner);
    this.#wake();
  }

  /** The guest reads no further. */
  cancelOffered(id: number): void {
    const offered = this.#offered.get(id);
    this.#offered.delete(id);
    offered?.reader.cancel();
  }

  /** Why no further stream of the guest can be read, if so: `overloaded`. */
  consumeRefusal(): NanosError | undefined {
    return this.#consumers.size >= HOST_LIMITS.streamsMax ? tooManyStreams() : undefined;
  }

  /** Reads a stream that the guest offers. Throws `overloaded`, and a RangeError when it is being read. */
  consume(id: number, consumer: ChunkConsumer): void {
    const refusal = this.consumeRefusal();
    if (refusal !== undefined) throw refusal;
    if (this.#consumers.has(id)) throw new RangeError('The stream is being read');
    this.#consumers.set(id, consumer);
    this.grant(id, HOST_LIMITS.streamWindowBytes);
  }

  /** Lets the guest send `bytes` more. */
  grant(id: number, bytes: number): void {
    const consumer = this.#consumers.get(id);
    if (consumer === undefined) return;
    this.#queue.push(ToGuest.pull, [id, bytes], consumer.owner);
    this.#wake();
  }

  consumer(id: number): ChunkConsumer | undefined {
    return this.#consumers.get(id);
  }

  finishConsumer(id: number): ChunkConsumer | undefined {
    const consumer = this.#consumers.get(id);
    this.#consumers.delete(id);
    return consumer;
  }

  /** The host reads nothing of a stream that the guest offers. */
  decline(id: number, owner: number): void {
    this.#tell(ToGuest.cancel, [id], owner);
  }

  /** The host takes no more of a guest's stream. */
  cancelConsumed(id: number): void {
    const consumer = this.finishConsumer(id);
    if (consumer === undefined) return;
    this.#queue.push(ToGuest.cancel, [id], consumer.owner);
    this.#wake();
  }

  /** Takes back the body of a request that never started; it stays readable. */
  withdraw(owner: number): void {
    for (const [id, offered] of this.#offered) {
      if (offered.isBody && offered.owner === owner) this.#offered.delete(id);
    }
  }

  /** Everything of one request, or (undefined) of the isolate, which is gone or about to be. */
  release(owner: number | undefined, reason: string): void {
    for (const [id, offered] of this.#offered) {
      if (owner !== undefined && offered.owner !== owner) continue;
      this.#offered.delete(id);
      if (owner !== undefined) this.#tell(ToGuest.streamError, [id, reason], owner);
      offered.reader.cancel();
    }
    for (const [id, consumer] of this.#consumers) {
      if (owner !== undefined && consumer.owner !== owner) continue;
      this.#consumers.delete(id);
      if (owner !== undefined) this.#tell(ToGuest.cancel, [id], owner);
      consumer.error(reason);
    }
  }
}

function tooManyStreams(): NanosError {
  return new NanosError('overloaded', 'Too many open streams', { retryAfterS: RETRY_AFTER_S });
}

/** The chunk's bytes, and no others of a pool that they may come from, in a buffer of their own, whose memory may be moved into the isolate. */
export function ownBuffer(chunk: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = chunk;
  if (buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength && byteLength >= 65_536) return buffer;
  return new Uint8Array(chunk).buffer;
}
