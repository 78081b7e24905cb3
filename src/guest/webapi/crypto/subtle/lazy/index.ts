import { CryptoKey } from './crypto-key.ts';
import { subtle, SubtleCrypto } from './subtle-crypto.ts';

export function loadSubtle(): { SubtleCrypto: typeof SubtleCrypto; CryptoKey: typeof CryptoKey; subtle: SubtleCrypto } {
  return { SubtleCrypto, CryptoKey, subtle };
}
