import type { DigestStreamClass } from './lazy/digest-stream.ts';
import { digestStreamClass } from './lazy/index.ts';

/** `crypto.DigestStream` becomes an ordinary property of `Crypto.prototype` when it is first read. */
export function defineDigestStream(prototype: object): void {
  const define = (value: unknown): void => void Object.defineProperty(prototype, 'DigestStream', { value, writable: true, configurable: true });
  Object.defineProperty(prototype, 'DigestStream', {
    configurable: true,
    get(): DigestStreamClass {
      const value = digestStreamClass();
      define(value);
      return value;
    },
    set: define,
  });
}
