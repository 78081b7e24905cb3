import { exposeLazily } from '../webidl.ts';
import { loadCompression } from './lazy/index.ts';

export function installCompression(global: Record<string, unknown>): void {
  exposeLazily(global, ['CompressionStream', 'DecompressionStream'], loadCompression);
}
