import { constants, deflateRawSync, inflateRawSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { WORD_BYTES } from './memory-difference.ts';

/** Bytes of the number that stands before each piece: how many follow, u32, little-endian; as many as the piece has where it stands as it is, fewer where they are its compressed form. */
const LENGTH_BYTES = 4;

/** What is shorter does not get shorter. */
const COMPRESSED_BYTES_MIN = 64;

/** Up to this size a piece is compressed by deflate (RFC 1951), which takes a third of the time of zstd (RFC 8878) for so little, and above by zstd. */
const DEFLATED_BYTES_MAX = 8 * 1024;

/** Window of 8 MB at most, whatever a frame's own head asks for. */
const WINDOW_LOG_MAX = 23;

/** One piece of a snapshot's content, as it is stored. */
export function packPiece(content: Uint8Array): readonly [length: Uint8Array, stored: Uint8Array] {
  const compressed = compress(content);
  const stored = compressed.length < content.length ? compressed : content;
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(stored.length);
  return [length, stored];
}

function compress(content: Uint8Array): Uint8Array {
  if (content.length < COMPRESSED_BYTES_MIN) return content;
  if (content.length <= DEFLATED_BYTES_MAX) return deflateRawSync(content, { level: 1 });
  return zstdCompressSync(content, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
}

/** At most `length` bytes. One byte more than is needed, or a second buffer of this size is made in vain. */
function decompress(stored: Uint8Array, length: number): Buffer<ArrayBuffer> {
  const size = { maxOutputLength: length, chunkSize: Math.max(length + 1, COMPRESSED_BYTES_MIN) };
  if (length <= DEFLATED_BYTES_MAX) return inflateRawSync(stored, size);
  return zstdDecompressSync(stored, { ...size, params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG_MAX } });
}

/** Reads pieces one after the other. A piece's memory is used again for the next: it is good until then. Throws what `failure` makes of a reason. */
export class PieceReader {
  readonly #stored: Buffer;
  readonly #failure: (reason: string, cause?: unknown) => Error;
  #at = 0;
  #inflated: Uint8Array<ArrayBuffer> | undefined;

  constructor(stored: Buffer, failure: (reason: string, cause?: unknown) => Error) {
    this.#stored = stored;
    this.#failure = failure;
  }

  /** The next piece, which has exactly this many bytes, aligned to words; no more than that is allocated. */
  take(length: number): Uint8Array {
    this.#giveBack();
    const start = this.#at + LENGTH_BYTES;
    if (start > this.#stored.length) throw this.#failure('it is cut short');
    const end = start + this.#stored.readUInt32LE(this.#at);
    if (end > this.#stored.length || end - start > length) throw this.#failure('it is cut short');
    this.#at = end;
    const stored = this.#stored.subarray(start, end);
    if (stored.length === length && stored.byteOffset % WORD_BYTES === 0) return stored;
    this.#inflated = stored.length === length ? new Uint8Array(stored) : this.#inflate(stored, length);
    return this.#inflated;
  }

  /** Throws where more follows. */
  end(): void {
    this.#giveBack();
    if (this.#at !== this.#stored.length) throw this.#failure('it holds more than it names');
  }

  #inflate(stored: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
    let content: Buffer<ArrayBuffer>;
    try {
      content = decompress(stored, length);
    } catch (error) {
      throw this.#failure('its content can\'t be inflated', error);
    }
    if (content.length !== length) throw this.#failure('it holds less than it names');
    return content.byteOffset % WORD_BYTES === 0 ? content : new Uint8Array(content);
  }

  /** At once and not at the next garbage collection, so that the next allocation gets the same memory, which the system has provided already: fresh memory takes longer to get than to fill. */
  #giveBack(): void {
    const buffer = this.#inflated?.buffer;
    this.#inflated = undefined;
    // Node.js shares its pool among small buffers.
    if (buffer !== undefined && buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
  }
}
