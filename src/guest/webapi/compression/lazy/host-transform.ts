/** A pair of streams whose bytes go through the host: the transform of https://streams.spec.whatwg.org/#ts-model, done elsewhere. */
import type { InboundStream, OutboundSource } from '../../../kernel/host-calls.ts';
import { ChunkHandover } from '../../streams/chunk-handover.ts';
import { readableBytes, type ReadableStream, streamClasses, type WritableStream } from '../../streams/index.ts';
import { copyBytes } from '../../webidl.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Sends what `source` yields through the host. Is called when a chunk is first asked for. */
type Open = (source: OutboundSource) => Promise<InboundStream>;

export interface HostTransform {
  readonly readable: ReadableStream;
  readonly writable: WritableStream;
}

/** Of what comes out after the writer has closed, this many chunks are taken without being asked for, to see whether all went well. */
const AHEAD_MAX = 16;

/**
 * Nothing is read ahead while there is more to write: a write settles when the host has taken its chunk, which it does as far as the readable is read.
 * `close()` settles when the end of the output has been seen, or much of it waits.
 */
export function hostTransform(open: Open): HostTransform {
  const input = new ChunkHandover();
  const ahead: Promise<Bytes | null>[] = [];
  let failWritable: (reason: unknown) => void = () => undefined;
  let failReadable: (reason: unknown) => void = () => undefined;
  let inbound: Promise<InboundStream> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  /** One after the other, in the order of the calls. What fails, fails both sides, with the writer's own reason if there is one. */
  function pull(): Promise<Bytes | null> {
    const pulled = last.then(pullNow);
    last = pulled.catch(() => undefined);
    return pulled;
  }

  async function pullNow(): Promise<Bytes | null> {
    input.throwIfFailed();
    try {
      inbound ??= open(input);
      return await (await inbound).pull();
    } catch (error) {
      const reason = input.reasonOr(error);
      input.fail(reason);
      failWritable(reason);
      throw reason;
    }
  }

  const readable = readableBytes({
    pull: () => ahead.shift() ?? pull(),
    cancel(reason) {
      input.fail(reason);
      failWritable(reason);
      inbound?.then(
        (stream) => stream.cancel(),
        () => undefined,
      );
    },
    onFail(fail) {
      failReadable = fail;
    },
  });

  async function close(): Promise<void> {
    input.give(null).catch(() => undefined);
    for (let count = 0; count < AHEAD_MAX; count++) {
      const pulled = pull();
      ahead.push(pulled);
      if ((await pulled) === null) return;
    }
  }

  function failing<T>(action: (value: T) => Promise<void>): (value: T) => Promise<void> {
    return async (value) => {
      try {
        await action(value);
      } catch (error) {
        input.fail(error);
        failReadable(error);
        throw error;
      }
    };
  }

  const writable = new (streamClasses().WritableStream)({
    start(controller) {
      failWritable = (reason) => controller.error(reason);
    },
    write: failing((chunk) => input.give(copyBytes(chunk, 'Chunk'))),
    close: () => failing(close)(undefined),
    abort(reason) {
      input.fail(reason);
      failReadable(reason);
    },
  });
  return { readable, writable };
}
