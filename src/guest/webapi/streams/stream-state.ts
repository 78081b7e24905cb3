/** What other standards may ask of a stream, https://streams.spec.whatwg.org/#other-specs. */
import type { ReadableStream, StreamReader } from './stream-classes.ts';
import { loadedStreamClasses, streamClasses } from './stream-classes.ts';

/** The slots of the standard, as the polyfill keeps them. */
interface StreamSlots {
  _disturbed: boolean;
  _reader: object | undefined;
  _readableStreamController: object;
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
