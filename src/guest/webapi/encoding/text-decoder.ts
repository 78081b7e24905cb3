/** https://encoding.spec.whatwg.org/#interface-textdecoder */
import { isBufferSource, toDictionary, toDOMString, viewBytes } from '../webidl.ts';
import { type EncodingName, encodingOf } from './labels.ts';
import type { StreamingDecoder } from './streaming-decoder.ts';
import { Utf16Decoder } from './utf16.ts';
import { Utf8Decoder } from './utf8.ts';
import { decodeWindows1252 } from './windows-1252.ts';

const nothing = new Uint8Array(0);

export class TextDecoder {
  readonly #encoding: EncodingName;
  readonly #fatal: boolean;
  readonly #ignoreBOM: boolean;
  readonly #decoder: StreamingDecoder;
  #bomSeen = false;
  #streaming = false;

  constructor(label: unknown = 'utf-8', options: unknown = undefined) {
    const encoding = encodingOf(toDOMString(label));
    const { fatal, ignoreBOM } = toDictionary(options, 'TextDecoderOptions');
    if (encoding === undefined) throw new RangeError(`The encoding label '${toDOMString(label)}' is not supported`);
    this.#encoding = encoding;
    this.#fatal = Boolean(fatal);
    this.#ignoreBOM = Boolean(ignoreBOM);
    this.#decoder = createDecoder(encoding, this.#fatal);
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
    if (this.#bomSeen || this.#ignoreBOM || text === '' || this.#encoding === 'windows-1252') return text;
    this.#bomSeen = true;
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
}

function toBytes(input: unknown): Uint8Array {
  if (!isBufferSource(input)) throw new TypeError('TextDecoder.decode: input is not an ArrayBuffer or a view of one');
  return viewBytes(input);
}

function createDecoder(encoding: EncodingName, fatal: boolean): StreamingDecoder {
  if (encoding === 'utf-8') return new Utf8Decoder(fatal);
  if (encoding === 'windows-1252') return { decode: decodeWindows1252, reset: () => undefined };
  return new Utf16Decoder(encoding === 'utf-16be', fatal);
}
