/** Random values, all of them from the run's recorded seed. */
import { engine } from './engine.ts';

const QUOTA_BYTES = 65_536;
const block = new Uint32Array(64);
let used = block.length;

function nextWord(): number {
  if (used === block.length) {
    engine.random(new Uint8Array(block.buffer));
    used = 0;
  }
  return block[used++] ?? 0;
}

/** In place of the engine's Math.random, whose seed was drawn when the agent was compiled. 53 random bits. */
export function random(): number {
  return ((nextWord() >>> 5) * 2 ** 26 + (nextWord() >>> 6)) / 2 ** 53;
}

const integerArrays = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array];

function quotaExceeded(): Error {
  const { DOMException } = globalThis as unknown as { DOMException: new (message: string, name: string) => Error };
  return new DOMException(`At most ${QUOTA_BYTES} bytes can be asked for at once`, 'QuotaExceededError');
}

/** https://w3c.github.io/webcrypto/#Crypto-interface, without `subtle` */
export const crypto = {
  getRandomValues<T extends ArrayBufferView>(array: T): T {
    if (!integerArrays.some((type) => array instanceof type)) throw new TypeError('The array is not one of integers');
    if (array.byteLength > QUOTA_BYTES) throw quotaExceeded();
    engine.random(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return array;
  },

  /** RFC 9562, version 4 */
  randomUUID(): string {
    const bytes = new Uint8Array(16);
    engine.random(bytes);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  },
};
