/** https://w3c.github.io/webcrypto/#crypto-interface */
import { host } from '../../../kernel/host-calls.ts';
import { DOMException } from '../../dom/dom-exception.ts';
import { QuotaExceededError } from '../../dom/quota-exceeded-error.ts';
import { defineDigestStream } from '../../digest-stream/index.ts';
import { decorateInterface, requireArguments } from '../../webidl.ts';
import { loadSubtle } from '../subtle/lazy/index.ts';
import type { SubtleCrypto } from '../subtle/lazy/subtle-crypto.ts';

const constructing = Symbol('constructing');
const randomBytesMax = 65_536;
const integerArrays = /^(?:Big)?(?:Int|Uint)(?:8|16|32|64)(?:Clamped)?Array$/;
const tagGetter = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get;

export class Crypto {
  /** A private field stands for the interface's brand. */
  readonly #constructed: boolean;

  constructor(token: unknown = undefined) {
    this.#constructed = token === constructing;
    if (!this.#constructed) throw new TypeError('Illegal constructor');
  }

  get subtle(): SubtleCrypto {
    assertBrand(this.#constructed);
    return loadSubtle().subtle;
  }

  /** Throws a QuotaExceededError past 65,536 bytes. */
  getRandomValues(array: unknown): unknown {
    assertBrand(this.#constructed);
    requireArguments(arguments.length, 1, 'Crypto.getRandomValues');
    if (!ArrayBuffer.isView(array)) throw new TypeError('Crypto.getRandomValues: argument is not an ArrayBufferView');
    const name: unknown = tagGetter === undefined ? undefined : Reflect.apply(tagGetter, array, []);
    if (typeof name !== 'string' || !integerArrays.test(name)) throw new DOMException('The view is not an array of integers', 'TypeMismatchError');
    if (array.byteLength > randomBytesMax) throw new QuotaExceededError(`More than ${randomBytesMax} bytes requested`);
    host().randomFill(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return array;
  }

  /** Version 4, RFC 9562 section 5.4 */
  randomUUID(): string {
    assertBrand(this.#constructed);
    const bytes = new Uint8Array(16);
    host().randomFill(bytes);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }
}

/** Reading the private field has thrown a TypeError already when `this` is no Crypto. */
function assertBrand(constructed: boolean): void {
  if (!constructed) throw new TypeError('Illegal invocation');
}

decorateInterface('Crypto', Crypto);
defineDigestStream(Crypto.prototype);

export const crypto = new Crypto(constructing);
