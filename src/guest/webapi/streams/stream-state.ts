/** What other standards may ask of a stream, https://streams.spec.whatwg.org/#other-specs. */
import type { ReadableStream, StreamReader } from './stream-classes.ts';
import { loadedStreamClasses, streamClasses } from './stream-classes.ts';

/** The slots of the standard, as the polyfill keeps them. */
interface StreamSlots {
  _disturbed: boolean;
  _reader: object | undefined;
  _state: 'readable' | 'closed' | 'errored';
  _storedError: unknown;
  _readableStreamController: Record<symbol, (request: ReadRequest) => void>;
}

/** https://streams.spec.whatwg.org/#read-request */
interface ReadRequest {
  _chunkSteps(chunk: unknown): void;
  _closeSteps(): void;
  _errorSteps(error: unknown): void;
}

export function isReadableStream(value: unknown): value is ReadableStream {
  const classes = loadedStreamClasses();
  return classes !== undefined && value instanceof classes.ReadableStream;
}

function slots(stream: ReadableStream): StreamSlots {
  return stream as unknown as StreamSlots;
}

export function isDisturbed(stream: ReadableStream): boolean {
  return slots(stream)._disturbed;
}

export function isLocked(stream: ReadableStream): boolean {
  return slots(stream)._reader !== undefined;
}

/** A reader that a patched `getReader` has no part in. Throws a TypeError when the stream is locked. */
export function acquireReader(stream: ReadableStream): StreamReader {
  return new (streamClasses().ReadableStreamDefaultReader)(stream);
}

/** Leaves the stream as if it had been read to its end by somebody who keeps the lock. */
export function markConsumed(stream: ReadableStream): void {
  acquireReader(stream);
  slots(stream)._disturbed = true;
}

export function isByteStream(stream: ReadableStream): boolean {
  return slots(stream)._readableStreamController instanceof streamClasses().ReadableByteStreamController;
}

export interface ChunkSink {
  /** What it throws ends the reading, cancels the stream and goes to `fail`. */
  chunk(chunk: unknown): void;
  close(): void;
  fail(error: unknown): void;
}

/**
 * https://streams.spec.whatwg.org/#read-loop: locks the stream and hands over its chunks without a promise or an object around them, so that
 * nothing a program did to prototypes can get between.
 */
export function readEach(stream: ReadableStream, sink: ChunkSink): void {
  const reader = acquireReader(stream);
  let isReading = false;
  let wantsMore = true;
  const request: ReadRequest = {
    _chunkSteps(chunk) {
      try {
        sink.chunk(chunk);
      } catch (error) {
        reader.cancel(error).catch(() => undefined);
        sink.fail(error);
        return;
      }
      wantsMore = true;
      read();
    },
    _closeSteps: () => sink.close(),
    _errorSteps: (error) => sink.fail(error),
  };
  /** A loop: chunks that wait already come while the read goes on. */
  function read(): void {
    if (isReading) return;
    isReading = true;
    while (wantsMore) {
      wantsMore = false;
      readChunk(slots(stream), request);
    }
    isReading = false;
  }
  read();
}

/** https://streams.spec.whatwg.org/#readable-stream-default-reader-read */
function readChunk(stream: StreamSlots, request: ReadRequest): void {
  stream._disturbed = true;
  if (stream._state === 'closed') request._closeSteps();
  else if (stream._state === 'errored') request._errorSteps(stream._storedError);
  else stream._readableStreamController[pullSteps()]!(request);
}

let pullStepsSymbol: symbol | undefined;

/** The polyfill's name for the internal method [[PullSteps]]. */
function pullSteps(): symbol {
  const { prototype } = streamClasses().ReadableStreamDefaultController;
  return (pullStepsSymbol ??= Object.getOwnPropertySymbols(prototype).find(({ description }) => description === '[[PullSteps]]')!);
}
