/** https://encoding.spec.whatwg.org/#interface-textencoderstream and #interface-textdecoderstream */
import type { TextDecoder } from '../../../encoding/decoder/lazy/text-decoder.ts';
import { loadTextDecoder } from '../../../encoding/decoder/lazy/index.ts';
import { encodeUtf8 } from '../../../encoding/index.ts';
import { isBufferSource, toDOMString } from '../../../webidl.ts';
import type { ReadableStream, TransformStream, WritableStream } from '../../stream-classes.ts';
import { streamClasses } from '../../stream-classes.ts';

export class TextEncoderStream {
  readonly #encoding = 'utf-8';
  readonly #transform: TransformStream;

  constructor() {
    let pendingHigh = '';
    this.#transform = new (streamClasses().TransformStream)({
      transform(chunk, controller) {
        const text = pendingHigh + toDOMString(chunk);
        const end = endsInHighSurrogate(text) ? text.length - 1 : text.length;
        pendingHigh = text.slice(end);
        if (end > 0) controller.enqueue(encodeUtf8(text.slice(0, end)));
      },
      flush(controller) {
        if (pendingHigh !== '') controller.enqueue(encodeUtf8(pendingHigh));
      },
    });
  }

  get encoding(): string {
    return this.#encoding;
  }

  get readable(): ReadableStream {
    return this.#transform.readable;
  }

  get writable(): WritableStream {
    return this.#transform.writable;
  }
}

function endsInHighSurrogate(text: string): boolean {
  return (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800;
}

export class TextDecoderStream {
  readonly #decoder: TextDecoder;
  readonly #transform: TransformStream;

  constructor(label: unknown = undefined, options: unknown = undefined) {
    const decoder = new (loadTextDecoder().TextDecoder)(label, options);
    this.#decoder = decoder;
    this.#transform = new (streamClasses().TransformStream)({
      transform(chunk, controller) {
        if (!isBufferSource(chunk)) throw new TypeError('Chunk is not an ArrayBuffer or a view of one');
        const text = decoder.decode(chunk, { stream: true });
        if (text !== '') controller.enqueue(text);
      },
      flush(controller) {
        const text = decoder.decode();
        if (text !== '') controller.enqueue(text);
      },
    });
  }

  get encoding(): string {
    return this.#decoder.encoding;
  }

  get fatal(): boolean {
    return this.#decoder.fatal;
  }

  get ignoreBOM(): boolean {
    return this.#decoder.ignoreBOM;
  }

  get readable(): ReadableStream {
    return this.#transform.readable;
  }

  get writable(): WritableStream {
    return this.#transform.writable;
  }
}
