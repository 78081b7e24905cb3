/** Content codings (RFC 9110 section 8.4.1), decoded as the body is read. */
import { Readable, Transform, pipeline } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { iterateBody } from './body-reader.ts';
import type { BodyReader } from './body-reader.ts';

/** More than one coding is legal and never seen; many are an attack. */
const CODINGS_MAX = 3;

/** What a decoder gives at once, in bytes: a way through the thread pool costs more than the decoding of small pieces. */
const PIECE_BYTES = 64 * 1024;

/** A body that ends early yields what it has, as in browsers. */
const zlibOptions = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH, chunkSize: PIECE_BYTES };
const brotliOptions = { flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH, chunkSize: PIECE_BYTES };

/**
 * Decoding has its price by what goes into a decoder and comes out of it: it runs in threads of a pool, where no one's CPU can be told from
 * another's, and time is no measure on a crowded machine. As measured, JSON costs this within a third, stored data a fifth of it, and data
 * made to be slow three times as much.
 */
const BODY_CPU_MS = 0.1;
const PIECE_CPU_MS = 0.02;
const CODED_BYTE_CPU_MS = 3e-6;
const DECODED_BYTE_CPU_MS = 1.5e-6;

/** Takes a charge in ms of CPU. */
type ChargeCpu = (cpuMs: number) => void;

/** First byte of the body → decoder. */
const DECODERS: Readonly<Record<string, (firstByte: number) => Transform>> = {
  gzip: () => createGunzip(zlibOptions),
  'x-gzip': () => createGunzip(zlibOptions),
  br: () => createBrotliDecompress(brotliOptions),
  // Deflate is the zlib format; some servers send it without the wrapper, whose first byte always ends in 8.
  deflate: (firstByte) => ((firstByte & 0x0f) === 8 ? createInflate(zlibOptions) : createInflateRaw(zlibOptions)),
};

/** The codings of a Content-Encoding value in the order they were applied; undefined when there are none or one is unknown, and the body is to be left as it is. */
export function knownCodings(contentEncoding: string): string[] | undefined {
  const codings = contentEncoding.toLowerCase().split(',').map((coding) => coding.trim()).filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length === 0 || codings.length > CODINGS_MAX) return undefined;
  return codings.every((coding) => Object.hasOwn(DECODERS, coding)) ? codings : undefined;
}

/**
 * Decodes chunk by chunk: however small a body is for what it unpacks to, no more than a window of it is in memory. What that costs is
 * charged as it is done, between codings too, where a body can grow that ends up small.
 */
export function decodedBody(body: BodyReader, codings: readonly string[], charge: ChargeCpu): BodyReader {
  let output: Promise<Output> | undefined;
  let cancelled = false;
  return {
    async read() {
      if (cancelled) return null;
      const { chunks } = await (output ??= start(body, codings, charge));
      const { done, value } = await chunks.next();
      if (done === true) return null;
      charge(PIECE_CPU_MS + value.byteLength * DECODED_BYTE_CPU_MS);
      return value;
    },
    cancel() {
      cancelled = true;
      body.cancel();
      output?.then(({ stop }) => stop()).catch(ignore);
    },
  };
}

interface Output {
  readonly chunks: AsyncIterator<Uint8Array>;
  /** Ends decoders also while they work on what yields nothing. */
  stop(): void;
}

async function start(body: BodyReader, codings: readonly string[], charge: ChargeCpu): Promise<Output> {
  const first = await body.read();
  if (first === null) return { chunks: Readable.from([])[Symbol.asyncIterator](), stop: ignore };
  charge(BODY_CPU_MS * codings.length);
  const decoders = codings.toReversed().map((coding, i) => decoderFor(coding, i === 0 ? (first[0] ?? 8) : 8));
  const last = decoders.at(-1);
  if (last === undefined) throw new TypeError('No content coding to decode');
  const stages = decoders.flatMap((decoder, i) => [i === 0 ? charged(charge, CODED_BYTE_CPU_MS) : charged(charge, DECODED_BYTE_CPU_MS + CODED_BYTE_CPU_MS), decoder]);
  // What breaks shows at the last stream too, and is reported by its iterator.
  pipeline([Readable.from(startingWith(first, body), { highWaterMark: 1 }), ...stages], ignore);
  return { chunks: last[Symbol.asyncIterator](), stop: () => void last.destroy() };
}

/** Passes everything on, and charges it. */
function charged(charge: ChargeCpu, byteCpuMs: number): Transform {
  return new Transform({
    highWaterMark: 1,
    transform(chunk: Uint8Array, _encoding, done) {
      charge(PIECE_CPU_MS + chunk.byteLength * byteCpuMs);
      done(null, chunk);
    },
  });
}

function decoderFor(coding: string, firstByte: number): Transform {
  const create = DECODERS[coding];
  if (create === undefined) throw new TypeError(`Unknown content coding "${coding}"`);
  return create(firstByte);
}

async function* startingWith(first: Uint8Array, body: BodyReader): AsyncGenerator<Uint8Array, void, undefined> {
  yield first;
  yield* iterateBody(body);
}

function ignore(): void {}
