/** https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/: bytes in, the same bytes out. */
import { toInteger } from '../../../webidl.ts';
import { setKnownLength } from '../../known-length.ts';
import type { ByteChannel } from './byte-channel.ts';
import { byteChannel } from './byte-channel.ts';
import type { ReadableStream, WritableStream } from '../../stream-classes.ts';

export class IdentityTransformStream {
  readonly #channel: ByteChannel = byteChannel();

  get readable(): ReadableStream {
    return this.#channel.readable;
  }

  get writable(): WritableStream {
    return this.#channel.writable;
  }
}

/** Fails with a TypeError unless exactly `expectedLength` bytes are written. */
export class FixedLengthStream {
  readonly #channel: ByteChannel;

  constructor(expectedLength: unknown) {
    const lengthBytes = toInteger(expectedLength, 64, false, 'enforceRange');
    this.#channel = byteChannel(lengthBytes);
    setKnownLength(this.#channel.readable, lengthBytes);
  }

  get readable(): ReadableStream {
    return this.#channel.readable;
  }

  get writable(): WritableStream {
    return this.#channel.writable;
  }
}
