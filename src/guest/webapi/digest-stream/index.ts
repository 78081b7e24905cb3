import { Crypto } from '../crypto/crypto.ts';
import { type DigestStreamClass, digestStreamClass } from './digest-stream.ts';

/** `crypto.DigestStream` becomes an ordinary property when it is first read. */
export function installDigestStream(_global: Record<string, unknown>): void {
  const define = (value: unknown): void => void Object.defineProperty(Crypto.prototype, 'DigestStream', { value, writable: true, configurable: true });
  Object.defineProperty(Crypto.prototype, 'DigestStream', {
    configurable: true,
    get(): DigestStreamClass {
      const value = digestStreamClass();
      define(value);
      return value;
    },
    set: define,
  });
}
