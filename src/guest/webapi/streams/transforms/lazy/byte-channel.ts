/** A writable whose chunks come out of a readable byte stream; a write settles when its chunk has been asked for. */
import { copyBytes } from '../../../webidl.ts';
import type { ByteStreamController, ReadableStream, WritableStream } from '../../stream-classes.ts';
import { streamClasses } from '../../stream-classes.ts';
import { closeBytes } from '../../readable-bytes.ts';

export interface ByteChannel {
  readable: ReadableStream;
  writable: WritableStream;
}

/** `lengthBytes`: exactly that many bytes must be written, else the channel fails with a TypeError. */
export function byteChannel(lengthBytes?: number): ByteChannel {
  const { ReadableStream, WritableStream } = streamClasses();
  let readableController: ByteStreamController | undefined;
  let failWritable: (reason: unknown) => void = () => undefined;
  let demand = deferred();
  let delivered = deferred();
  let left = lengthBytes ?? Infinity;

  const readable = new ReadableStream({
    type: 'bytes',
    start(controller) {
      readableController = controller;
    },
    pull() {
      demand.resolve();
      return delivered.promise;
    },
    cancel(reason) {
      failWritable(reason);
      demand.resolve();
    },
  });

  function fail(error: unknown): never {
    readableController?.error(error);
    throw error;
  }

  const writable = new WritableStream({
    start(controller) {
      failWritable = (reason) => controller.error(reason);
    },
    async write(chunk) {
      const bytes = copyBytes(chunk, 'Chunk');
      if (bytes.length === 0) return;
      left -= bytes.length;
      if (left < 0) fail(new TypeError('More bytes were written than the length of the stream'));
      await demand.promise;
      demand = deferred();
      readableController?.enqueue(bytes);
      delivered.resolve();
      delivered = deferred();
    },
    close() {
      if (left > 0 && lengthBytes !== undefined) fail(new TypeError('Fewer bytes were written than the length of the stream'));
      if (readableController !== undefined) closeBytes(readableController);
      delivered.resolve();
    },
    abort(reason) {
      readableController?.error(reason);
      delivered.resolve();
    },
  });
  return { readable, writable };
}

interface Deferred {
  promise: Promise<void>;
  resolve: () => void;
}

function deferred(): Deferred {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
