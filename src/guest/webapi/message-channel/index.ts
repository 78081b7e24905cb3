import { exposeLazily } from '../webidl.ts';
import { loadMessageChannel } from './lazy/index.ts';

export function installMessageChannel(global: Record<string, unknown>): void {
  exposeLazily(global, ['MessageEvent', 'MessagePort', 'MessageChannel'], loadMessageChannel);
}
