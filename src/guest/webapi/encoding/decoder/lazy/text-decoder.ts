/** https://encoding.spec.whatwg.org/#interface-textdecoder */
import { isBufferSource, toDictionary, toDOMString, viewBytes } from '../../../webidl.ts';
import { findEncoding } from './find-encoding.ts';
import type { StreamingDecoder } from '../../streaming-decoder.ts';

const nothing = new Uint8Array(0);

export class TextDecoder {
  readonly #encoding: string;
  readonly #fatal: boolean;
  readonly #ignoreBOM: boolean;
  readonly #decoder: StreamingDecoder;
  #bomSeen = false;
  #streaming = false;

  constructor(label: unknown = 'utf-8', options: unknown = undefined) {
    const name = toDOMString(label);
    const { fatal, ignoreBOM } = toDictionary(options, 'TextDecoderOptions');
    const encoding = findEncoding(name);
    if (encoding === undefined) throw new RangeError(`The encoding label '${name}' is not supported`);
    this.#encoding = encoding.name;
    this.#fatal = Boolean(fatal);
    this.#ignoreBOM = Boolean(ignoreBOM);
    this.#decoder = encoding.createDecoder(this.#fatal);
  }

  get encoding(): string {
    return this.#encoding;
  }

  get fatal(): boolean {
    return this.#fatal;
  }

  get ignoreBOM(): boolean {
    return this.#ignoreBOM;
  }

  decode(input: unknown = undefined, options: unknown = undefined): string {
    const bytes = input === undefined ? nothing : toBytes(input);
    const stream = Boolean(toDictionary(options, 'TextDecodeOptions').stream);
    if (!this.#streaming) {
      this.#decoder.reset();
      this.#bomSeen = false;
    }
    this.#streaming = stream;
    return this.#withoutBom(this.#decoder.decode(bytes, stream));
  }

  /** https://encoding.spec.whatwg.org/#concept-td-serialize */
  #withoutBom(text: string): string {
    if (this.#bomSeen || this.#ignoreBOM || text === '' || !this.#encoding.startsWith('utf-')) return text;
    this.#bomSeen = true;
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
}

function toBytes(input: unknown): Uint8Array {
  if (!isBufferSource(input)) throw new TypeError('TextDecoder.decode: input is not an ArrayBuffer or a view of one');
  return viewBytes(input);
}
