/** https://streams.spec.whatwg.org/#readablestream-tee with cloneForBranch2: what one branch does to its chunks the other does not see. */
import { isArrayBuffer } from '../webidl.ts';
import type { ReadableStream } from './stream-classes.ts';
import { streamClasses } from './stream-classes.ts';
import { acquireReader, isByteStream } from './stream-state.ts';

export function teeForClone(stream: ReadableStream): [ReadableStream, ReadableStream] {
  const [first, second] = stream.tee();
  return [first, isByteStream(stream) ? second : clonedChunks(second)];
}

function clonedChunks(stream: ReadableStream): ReadableStream {
  const reader = acquireReader(stream);
  return new (streamClasses().ReadableStream)(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(cloneChunk(value));
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** As StructuredSerialize does it, for buffers and their views; anything else is of no use in a body, and stays what it is. */
function cloneChunk(chunk: unknown): unknown {
  if (isArrayBuffer(chunk)) return chunk.slice(0);
  if (!ArrayBuffer.isView(chunk)) return chunk;
  const view = chunk as ArrayBufferView<ArrayBuffer> & { readonly length?: number };
  return Reflect.construct(view.constructor, [view.buffer.slice(0), view.byteOffset, view.length ?? view.byteLength]);
}
