/** https://compression.spec.whatwg.org/ */
import { COMPRESSION_CALL, type CompressionDirection, compressionFormats } from '../../../../protocol/compression.ts';
import { host } from '../../../kernel/host-calls.ts';
import type { ReadableStream, WritableStream } from '../../streams/index.ts';
import { requireArguments, toEnum } from '../../webidl.ts';
import { hostTransform, type HostTransform } from './host-transform.ts';

function codedBy(direction: CompressionDirection, given: unknown): HostTransform {
  const format = toEnum(given, compressionFormats, 'CompressionFormat');
  return hostTransform(async (source) => {
    const { fields } = await host().call(COMPRESSION_CALL, [direction, format, String(host().outbound(source))]).reply;
    return host().inbound(Number(fields[0]));
  });
}

export class CompressionStream {
  readonly #transform: HostTransform;

  constructor(format: unknown) {
    requireArguments(arguments.length, 1, 'CompressionStream constructor');
    this.#transform = codedBy('compress', format);
  }

  get readable(): ReadableStream {
    return this.#transform.readable;
  }

  get writable(): WritableStream {
    return this.#transform.writable;
  }
}

export class DecompressionStream {
  readonly #transform: HostTransform;

  constructor(format: unknown) {
    requireArguments(arguments.length, 1, 'DecompressionStream constructor');
    this.#transform = codedBy('decompress', format);
  }

  get readable(): ReadableStream {
    return this.#transform.readable;
  }

  get writable(): WritableStream {
    return this.#transform.writable;
  }
}
