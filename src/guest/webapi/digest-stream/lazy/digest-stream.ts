/** https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#constructors: a writable whose bytes are digested in the host. */
import { DIGEST_STREAM_CALL, digestAlgorithms } from '../../../../protocol/digest-stream.ts';
import { host } from '../../../kernel/host-calls.ts';
import { DOMException } from '../../dom/index.ts';
import { encodeUtf8 } from '../../encoding/index.ts';
import { streamClasses, type WritableStream } from '../../streams/index.ts';
import { copyBytes, decorateInterface, isObject, requireArguments, toDOMString } from '../../webidl.ts';
import { ChunkHandover } from '../../streams/chunk-handover.ts';

export type DigestStreamClass = new (algorithm: unknown) => WritableStream & { readonly digest: Promise<ArrayBuffer>; readonly bytesWritten: bigint };

/** Made when it is first asked for, since its parent is. */
export function digestStreamClass(): DigestStreamClass {
  class DigestStream extends streamClasses().WritableStream {
    readonly #digest: Promise<ArrayBuffer>;
    readonly #count: { bytes: bigint };

    constructor(algorithm: unknown) {
      requireArguments(arguments.length, 1, 'DigestStream constructor');
      const name = toAlgorithm(algorithm);
      const count = { bytes: 0n };
      const input = new ChunkHandover();
      let resolve: (digest: ArrayBuffer) => void = () => undefined;
      let reject: (reason: unknown) => void = () => undefined;
      const promise = new Promise<ArrayBuffer>((...settle) => ([resolve, reject] = settle));
      promise.catch(() => undefined);
      super({
        async write(chunk) {
          try {
            const bytes = typeof chunk === 'string' ? encodeUtf8(chunk) : copyBytes(chunk, 'Chunk');
            begin();
            await input.give(bytes);
            count.bytes += BigInt(bytes.length);
          } catch (error) {
            failWith(error);
            throw error;
          }
        },
        async close() {
          begin();
          await input.give(null);
          await promise;
        },
        abort(reason) {
          input.fail(reason);
          reject(reason);
        },
      });
      this.#digest = promise;
      this.#count = count;

      let hasBegun = false;
      function begin(): void {
        if (hasBegun) return;
        hasBegun = true;
        const { reply } = host().call(DIGEST_STREAM_CALL, [name, String(host().outbound(input))]);
        reply.then(({ buffers }) => resolve(buffers[0]!), failWith);
      }

      function failWith(error: unknown): void {
        input.fail(error);
        reject(error);
      }
    }

    get digest(): Promise<ArrayBuffer> {
      return this.#digest;
    }

    get bytesWritten(): bigint {
      return this.#count.bytes;
    }
  }
  decorateInterface('DigestStream', DigestStream);
  return DigestStream;
}

/** A name, or an object that has one. Throws a NotSupportedError. */
function toAlgorithm(value: unknown): string {
  const wanted = toDOMString(isObject(value) ? Reflect.get(value, 'name') : value).toUpperCase();
  const name = digestAlgorithms.find((known) => known === wanted);
  if (name === undefined) throw new DOMException(`Unrecognized digest algorithm '${wanted.slice(0, 100)}'`, 'NotSupportedError');
  return name;
}
