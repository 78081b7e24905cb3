import { defineGlobal, exposeInterface } from '../webidl.ts';
import { Crypto, crypto } from './crypto.ts';
import { CryptoKey } from './crypto-key.ts';
import { SubtleCrypto } from './subtle-crypto.ts';

export function installCrypto(global: Record<string, unknown>): void {
  exposeInterface(global, 'Crypto', Crypto);
  exposeInterface(global, 'CryptoKey', CryptoKey);
  exposeInterface(global, 'SubtleCrypto', SubtleCrypto);
  defineGlobal(global, 'crypto', crypto, true);
}
