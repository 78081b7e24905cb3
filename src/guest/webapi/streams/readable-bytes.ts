/** A readable byte stream over something that hands out chunks when asked. */
import type { ByteStreamController, ReadableStream } from './stream-classes.ts';
import { streamClasses } from './stream-classes.ts';

export interface ByteSource {
  /** The next chunk, whose buffer then belongs to the stream, or null at the end. One pull at a time. */
  pull(): Promise<Uint8Array<ArrayBuffer> | null> | Uint8Array<ArrayBuffer> | null;
  cancel?(reason: unknown): void;
  /** Is given a function that fails the stream at once, also when nothing is being pulled. */
  onFail?(fail: (reason: unknown) => void): void;
}

/** Pulls only on demand: nothing is read ahead. */
export function readableBytes(source: ByteSource): ReadableStream {
  const { ReadableStream } = streamClasses();
  return new ReadableStream({
    type: 'bytes',
    start(controller) {
      source.onFail?.((reason) => controller.error(reason));
    },
    pull: (controller) => pullInto(source, controller),
    cancel(reason) {
      source.cancel?.(reason);
    },
  });
}

type Chunk = Uint8Array<ArrayBuffer> | null;

/** A chunk that is there at once goes straight on: awaiting it would ask it for a `then`. */
function pullInto(source: ByteSource, controller: ByteStreamController): Promise<void> | undefined {
  const pulled = source.pull();
  if (pulled === null || ArrayBuffer.isView(pulled)) return deliver(pulled, source, controller);
  return pulled.then((chunk) => deliver(chunk, source, controller));
}

/** Skips empty chunks, which a byte stream doesn't take. */
function deliver(chunk: Chunk, source: ByteSource, controller: ByteStreamController): Promise<void> | undefined {
  if (chunk === null) closeBytes(controller);
  else if (chunk.length === 0) return pullInto(source, controller);
  else controller.enqueue(chunk);
  return undefined;
}

/** Also answers a reader that waits with a buffer of its own. */
export function closeBytes(controller: ByteStreamController): void {
  controller.close();
  controller.byobRequest?.respond(0);
}

const chunkBytesMax = 65_536;

/** A stream of copies of `parts`, which stay untouched. */
export function readableParts(parts: readonly Uint8Array[]): ReadableStream {
  let index = 0;
  let offset = 0;
  return readableBytes({
    pull() {
      const part = parts[index];
      if (part === undefined) return null;
      const chunk = new Uint8Array(part.subarray(offset, offset + chunkBytesMax));
      offset += chunk.length;
      if (offset >= part.length) {
        index++;
        offset = 0;
      }
      return chunk;
    },
  });
}
