/** Compression and decompression as the Compression Standard asks for it, https://compression.spec.whatwg.org/ */
import type { Transform } from 'node:stream';
import { createDeflate, createDeflateRaw, createGzip, createInflate, createInflateRaw } from 'node:zlib';
import type { CompressionDirection, CompressionFormat } from '../../protocol/compression.ts';
import type { ByteReader } from '../run/guest-streams.ts';
import { GzipHeader, GzipTrailer } from './gzip-frame.ts';

/** What a coder gives at once, in bytes: a way through the thread pool costs more than the coding of small pieces. */
const PIECE_BYTES = 64 * 1024;

/** Priced by size, because the work is done in a pool of threads; as measured for JSON and random bytes. See content-decoding.ts. */
const PIECE_CPU_MS = 0.02;
const PLAIN_BYTE_CPU_MS = { compress: 25e-6, decompress: 1.5e-6 } as const;
const CODED_BYTE_CPU_MS = { compress: 0, decompress: 3e-6 } as const;

interface Coder extends Transform {
  /** into it */
  readonly bytesWritten: number;
}

type Charge = (cpuMs: number) => void;

const coders: Readonly<Record<CompressionDirection, Readonly<Record<CompressionFormat, () => Coder>>>> = {
  compress: {
    deflate: () => createDeflate({ chunkSize: PIECE_BYTES }),
    'deflate-raw': () => createDeflateRaw({ chunkSize: PIECE_BYTES }),
    gzip: () => createGzip({ chunkSize: PIECE_BYTES }),
  },
  decompress: {
    deflate: () => createInflate({ chunkSize: PIECE_BYTES }),
    'deflate-raw': () => createInflateRaw({ chunkSize: PIECE_BYTES }),
    // its frame is read here: zlib would take a second member, or anything, after the first
    gzip: () => createInflateRaw({ chunkSize: PIECE_BYTES }),
  },
};

/**
 * `input` coded as it is read: no more than a window of the output is in memory, however much it is, and each piece is charged.
 * Reading rejects with a TypeError when the input is not in the format, ends too early, or goes on after its end.
 */
export function coded(input: ByteReader, direction: CompressionDirection, format: CompressionFormat, charge: Charge): ByteReader {
  const coder = coders[direction][format]();
  // whoever reads is told; the iterator listens until the decoded data ends, and what follows that may still be wrong
  coder.on('error', ignore);
  const trailer = direction === 'decompress' && format === 'gzip' ? new GzipTrailer() : undefined;
  // its end must not close it: the write that brought the end, and the trailer, may still be under way
  const chunks: AsyncIterator<Uint8Array> = coder.iterator({ destroyOnReturn: false });
  let fed: Promise<void> | undefined;
  const price = (bytes: number, byteCpuMs: number): void => charge(PIECE_CPU_MS + bytes * byteCpuMs);
  const chargedInput: ByteReader = {
    async read() {
      const chunk = await input.read();
      if (chunk !== null) price(chunk.length, direction === 'compress' ? PLAIN_BYTE_CPU_MS.compress : CODED_BYTE_CPU_MS.decompress);
      return chunk;
    },
    cancel: () => input.cancel(),
  };
  return {
    async read() {
      fed ??= feed(coder, chargedInput, trailer).catch((error: unknown) => {
        input.cancel();
        coder.destroy(error instanceof Error ? error : undefined);
      });
      const { done, value } = await chunks.next().catch(throwTypeError);
      if (done !== true) {
        if (direction === 'decompress') price(value.length, PLAIN_BYTE_CPU_MS.decompress);
        trailer?.decoded(value);
        return value;
      }
      await fed;
      if (coder.errored !== null) throwTypeError(coder.errored);
      trailer?.check();
      return null;
    },
    cancel() {
      input.cancel();
      coder.destroy();
    },
  };
}

/** Zlib's errors are about the data; a program sees TypeErrors only. */
function throwTypeError(error: unknown): never {
  if (error instanceof TypeError) throw error;
  throw new TypeError(error instanceof Error ? `The data can not be decoded: ${error.message}` : 'The data can not be decoded');
}

/** Everything of `input` goes into the coder; what is left when that has come to its end must be the trailer, if there is one. */
async function feed(coder: Coder, input: ByteReader, trailer: GzipTrailer | undefined): Promise<void> {
  const header = trailer === undefined ? undefined : new GzipHeader();
  let isInHeader = header !== undefined;
  let isOver = false;
  for (let chunk = await input.read(); chunk !== null; chunk = await input.read()) {
    let rest: Uint8Array = chunk;
    if (isInHeader) {
      const length = header?.take(rest);
      if (length === undefined) continue;
      isInHeader = false;
      rest = rest.subarray(length);
    }
    if (!isOver) rest = rest.subarray(await write(coder, rest));
    if (rest.length === 0) continue;
    isOver = true;
    if (rest.length > (trailer?.take(rest) ?? 0)) throw new TypeError('There is data after the end of the compressed data');
  }
  if (isInHeader) throw new TypeError('The gzip data ends too early');
  coder.end();
}

/** How many bytes the coder took: fewer than it was given when they end what it decodes. */
function write(coder: Coder, bytes: Uint8Array): Promise<number> {
  const before = coder.bytesWritten;
  return new Promise((resolve, reject) => {
    const closed = (): void => reject(new TypeError('The stream was closed'));
    coder.once('close', closed);
    coder.write(bytes, (error) => {
      coder.off('close', closed);
      if (error === null || error === undefined) resolve(coder.bytesWritten - before);
      else reject(error);
    });
  });
}

function ignore(): void {}
