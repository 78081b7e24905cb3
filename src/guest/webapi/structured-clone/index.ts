import { defineGlobal, requireArguments } from '../webidl.ts';
import { structuredClone as clone } from './lazy/index.ts';

export { cloneWithTransfer } from './lazy/index.ts';
export { onTransfer, type Transfer } from './transferables.ts';

export function installStructuredClone(global: Record<string, unknown>): void {
  defineGlobal(global, 'structuredClone', structuredClone, true);
}

export function structuredClone(value: unknown, options: unknown = undefined): unknown {
  requireArguments(arguments.length, 1, 'structuredClone');
  return clone(value, options);
}
