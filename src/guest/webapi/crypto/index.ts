import { exposeLazily } from '../webidl.ts';
import { loadCrypto } from './lazy/index.ts';
import { loadSubtle } from './subtle/lazy/index.ts';

export function installCrypto(global: Record<string, unknown>): void {
  exposeLazily(global, ['Crypto'], loadCrypto);
  exposeLazily(global, ['CryptoKey', 'SubtleCrypto'], loadSubtle);
  exposeLazily(global, ['crypto'], loadCrypto, { enumerable: true });
}
