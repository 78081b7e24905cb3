/** https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/: bytes in, the same bytes out. */
import { toInteger } from '../webidl.ts';
import type { ByteChannel } from './byte-channel.ts';
import { byteChannel } from './byte-channel.ts';
import type { ReadableStream, WritableStream } from './stream-classes.ts';

export class IdentityTransformStream {
  readonly #channel: ByteChannel = byteChannel();

  get readable(): ReadableStream {
    return this.#channel.readable;
  }

  get writable(): WritableStream {
    return this.#channel.writable;
  }
}

/** Lengths in bytes, for the Content-Length of a message. */
const knownLengths = new WeakMap<object, number>();

export function knownLength(stream: object): number | undefined {
  return knownLengths.get(stream);
}

/** Fails with a TypeError unless exactly `expectedLength` bytes are written. */
export class FixedLengthStream {
  readonly #channel: ByteChannel;

  constructor(expectedLength: unknown) {
    const lengthBytes = toInteger(expectedLength, 64, false, 'enforceRange');
    this.#channel = byteChannel(lengthBytes);
    knownLengths.set(this.#channel.readable, lengthBytes);
  }

  get readable(): ReadableStream {
    return this.#channel.readable;
  }

  get writable(): WritableStream {
    return this.#channel.writable;
  }
}
