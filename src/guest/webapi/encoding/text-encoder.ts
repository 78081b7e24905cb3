/** https://encoding.spec.whatwg.org/#interface-textencoder */
import { requireArguments, toUSVString } from '../webidl.ts';
import { encodeUtf8, encodeUtf8Into } from './utf8.ts';

export class TextEncoder {
  /** A private field stands for the interface's brand. */
  readonly #encoding = 'utf-8';

  get encoding(): string {
    return this.#encoding;
  }

  encode(input: unknown = ''): Uint8Array<ArrayBuffer> {
    assertBrand(this.#encoding);
    return encodeUtf8(toUSVString(input));
  }

  encodeInto(source: unknown, destination: unknown): { read: number; written: number } {
    assertBrand(this.#encoding);
    requireArguments(arguments.length, 2, 'TextEncoder.encodeInto');
    const text = toUSVString(source);
    if (!(destination instanceof Uint8Array)) throw new TypeError('TextEncoder.encodeInto: destination is not a Uint8Array');
    return encodeUtf8Into(text, destination);
  }
}

/** Reading the private field has thrown a TypeError already when `this` is no TextEncoder. */
function assertBrand(encoding: string): void {
  if (encoding !== 'utf-8') throw new TypeError('Illegal invocation');
}
