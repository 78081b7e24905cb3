import { exposeLazily } from '../webidl.ts';
import { loadUrlPattern } from './lazy/index.ts';

export function installUrlPattern(global: Record<string, unknown>): void {
  exposeLazily(global, ['URLPattern'], loadUrlPattern);
}
