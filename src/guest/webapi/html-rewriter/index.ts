import { exposeLazily } from '../webidl.ts';
import { loadHtmlRewriter } from './lazy/index.ts';

export function installHtmlRewriter(global: Record<string, unknown>): void {
  exposeLazily(global, ['HTMLRewriter'], loadHtmlRewriter);
}
