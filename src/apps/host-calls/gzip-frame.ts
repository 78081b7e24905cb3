/** The frame of one gzip member around its deflate stream, RFC 1952 section 2.3, read as its bytes come. */
import { crc32 } from 'node:zlib';

const FHCRC = 2;
const FEXTRA = 4;
const FNAME = 8;
const FCOMMENT = 16;
const RESERVED = 0xe0;

const TRAILER_BYTES = 8;

/** Takes a member's header; throws a TypeError on bytes that are none. */
export class GzipHeader {
  readonly #parser = headerParser();

  constructor() {
    this.#parser.next();
  }

  /** How many bytes belonged to the header; undefined: all of them, and more must come. */
  take(bytes: Uint8Array): number | undefined {
    for (let at = 0; at < bytes.length; at++) {
      if (this.#parser.next(bytes[at]!).done === true) return at + 1;
    }
    return undefined;
  }
}

/** Is sent one byte after the other. */
function* headerParser(): Generator<undefined, void, number> {
  for (const expected of [0x1f, 0x8b, 8]) if ((yield) !== expected) throw new TypeError('The data is not in the gzip format');
  const flags = yield;
  if ((flags & RESERVED) !== 0) throw new TypeError('The gzip header has unknown flags');
  for (let i = 0; i < 6; i++) yield;
  if ((flags & FEXTRA) !== 0) {
    const length = (yield) + 256 * (yield);
    for (let i = 0; i < length; i++) yield;
  }
  for (const flag of [FNAME, FCOMMENT]) {
    if ((flags & flag) !== 0) while ((yield) !== 0);
  }
  if ((flags & FHCRC) === 0) return;
  yield;
  yield;
}

/** Checks what was decoded against a member's trailer. */
export class GzipTrailer {
  readonly #bytes = Buffer.alloc(TRAILER_BYTES);
  #filled = 0;
  #crc = 0;
  #lengthBytes = 0;

  decoded(chunk: Uint8Array): void {
    this.#crc = crc32(chunk, this.#crc);
    this.#lengthBytes = (this.#lengthBytes + chunk.length) % 2 ** 32;
  }

  /** How many bytes belonged to the trailer. */
  take(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, TRAILER_BYTES - this.#filled);
    this.#bytes.set(bytes.subarray(0, taken), this.#filled);
    this.#filled += taken;
    return taken;
  }

  /** Throws a TypeError unless the trailer is whole and what was decoded fits it. */
  check(): void {
    if (this.#filled < TRAILER_BYTES) throw new TypeError('The gzip data ends too early');
    if (this.#bytes.readUInt32LE(0) !== this.#crc) throw new TypeError('The checksum of the gzip data is wrong');
    if (this.#bytes.readUInt32LE(4) !== this.#lengthBytes) throw new TypeError('The length of the gzip data is wrong');
  }
}
