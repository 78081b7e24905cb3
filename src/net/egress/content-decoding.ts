/** Content codings (RFC 9110 section 8.4.1), decoded as the body is read. */
import { Readable, pipeline } from 'node:stream';
import type { Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { iterateBody } from './body-reader.ts';
import type { BodyReader } from './body-reader.ts';

/** More than one coding is legal and never seen; many are an attack. */
const CODINGS_MAX = 3;

/** A body that ends early yields what it has, as in browsers. */
const zlibOptions = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
const brotliOptions = { flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH };

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

/** Decodes chunk by chunk: however small a body is for what it unpacks to, no more than a window of it is in memory. */
export function decodedBody(body: BodyReader, codings: readonly string[]): BodyReader {
  let output: Promise<AsyncIterator<Uint8Array>> | undefined;
  let cancelled = false;
  return {
    async read() {
      if (cancelled) return null;
      const { done, value } = await (await (output ??= start(body, codings))).next();
      return done === true ? null : value;
    },
    cancel() {
      cancelled = true;
      body.cancel();
      output?.then((iterator) => iterator.return?.()).catch(ignore);
    },
  };
}

async function start(body: BodyReader, codings: readonly string[]): Promise<AsyncIterator<Uint8Array>> {
  const first = await body.read();
  if (first === null) return Readable.from([])[Symbol.asyncIterator]();
  const decoders = codings.toReversed().map((coding, i) => decoderFor(coding, i === 0 ? (first[0] ?? 8) : 8));
  const last = decoders.at(-1);
  if (last === undefined) throw new TypeError('No content coding to decode');
  // What breaks shows at the last stream too, and is reported by its iterator.
  pipeline([Readable.from(startingWith(first, body), { highWaterMark: 1 }), ...decoders], ignore);
  return last[Symbol.asyncIterator]();
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
