import { chacha20 } from '@noble/ciphers/chacha.js';

const BLOCK_BYTES = 64;
const NONCE = new Uint8Array(12);

/** The random bytes of a run: the ChaCha20 key stream (RFC 8439) under the run's seed, nonce zero. The same seed and position give the same bytes. */
export class RandomStream {
  readonly #seed: Uint8Array;
  #position: number;

  /** `seed`: 32 bytes. `position`: bytes that were drawn before. */
  constructor(seed: Uint8Array, position = 0) {
    this.#seed = seed;
    this.#position = position;
  }

  /** Bytes drawn so far. */
  get position(): number {
    return this.#position;
  }

  draw(length: number): Uint8Array {
    const skipped = this.#position % BLOCK_BYTES;
    const bytes = new Uint8Array(skipped + length);
    chacha20(this.#seed, NONCE, bytes, bytes, (this.#position - skipped) / BLOCK_BYTES);
    this.#position += length;
    return bytes.subarray(skipped);
  }
}
