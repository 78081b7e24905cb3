import type { AbortSignal } from '../dom/index.ts';
import { addAbortAlgorithm } from '../dom/index.ts';
import type { BodyStream } from './body.ts';

type Chunk = Uint8Array<ArrayBuffer> | null;

/** A body's source that fails with the signal's reason as soon as it is aborted. */
export function abortableStream(inner: { pull(): Promise<Chunk> | Chunk; cancel(): void }, signal: AbortSignal): BodyStream {
  let failStream: (reason: unknown) => void = () => undefined;
  let failPull: (reason: unknown) => void = () => undefined;
  const stopListening = addAbortAlgorithm(signal, () => {
    inner.cancel();
    failPull(signal.reason);
    failStream(signal.reason);
  });

  async function pullInner(): Promise<Chunk> {
    const chunk = await inner.pull();
    if (chunk === null) stopListening();
    return chunk;
  }

  return {
    pull() {
      if (signal.aborted) return Promise.reject(signal.reason);
      return new Promise<Chunk>((resolve, reject) => {
        failPull = reject;
        pullInner().then(resolve, reject);
      });
    },
    cancel() {
      stopListening();
      inner.cancel();
    },
    onFail(fail) {
      failStream = fail;
    },
  };
}
