import { defineGlobal, exposeInterface } from '../webidl.ts';
import { Performance, performance } from './performance.ts';

export function installHrTime(global: Record<string, unknown>): void {
  exposeInterface(global, 'Performance', Performance);
  defineGlobal(global, 'performance', performance, true);
}
