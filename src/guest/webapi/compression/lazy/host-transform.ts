/** A pair of streams whose bytes go through the host: the transform of https://streams.spec.whatwg.org/#ts-model, done elsewhere. */
import type { InboundStream, OutboundSource } from '../../../kernel/host-calls.ts';
import { ChunkHandover } from '../../streams/chunk-handover.ts';
import { readableBytes, type ReadableStream, streamClasses, type WritableStream } from '../../streams/index.ts';
import { copyBytes } from '../../webidl.ts';

/** Sends what `source` yields through the host. Is called when a chunk is first asked for. */
type Open = (source: OutboundSource) => Promise<InboundStream>;

export interface HostTransform {
  readonly readable: ReadableStream;
  readonly writable: WritableStream;
}

/** Nothing is read ahead: a write settles when the host has taken its chunk, which it does as far as the readable is read. */
export function hostTransform(open: Open): HostTransform {
  const input = new ChunkHandover();
  let failWritable: (reason: unknown) => void = () => undefined;
  let failReadable: (reason: unknown) => void = () => undefined;
  let inbound: Promise<InboundStream> | undefined;

  const readable = readableBytes({
    async pull() {
      try {
        inbound ??= open(input);
        return await (await inbound).pull();
      } catch (error) {
        const reason = input.failure === undefined ? error : input.failure.reason;
        input.fail(reason);
        failWritable(reason);
        throw reason;
      }
    },
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

  const writable = new (streamClasses().WritableStream)({
    start(controller) {
      failWritable = (reason) => controller.error(reason);
    },
    async write(chunk) {
      try {
        await input.give(copyBytes(chunk, 'Chunk'));
      } catch (error) {
        input.fail(error);
        failReadable(error);
        throw error;
      }
    },
    close: () => input.give(null),
    abort(reason) {
      input.fail(reason);
      failReadable(reason);
    },
  });
  return { readable, writable };
}
