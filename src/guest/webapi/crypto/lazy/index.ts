import { Crypto, crypto } from './crypto.ts';

export function loadCrypto(): { Crypto: typeof Crypto; crypto: Crypto } {
  return { Crypto, crypto };
}
