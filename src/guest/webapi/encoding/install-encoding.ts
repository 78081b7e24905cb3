import { exposeInterface, exposeLazily } from '../webidl.ts';
import { loadTextDecoder } from './decoder/lazy/index.ts';
import { TextEncoder } from './index.ts';

export function installEncoding(global: Record<string, unknown>): void {
  exposeInterface(global, 'TextEncoder', TextEncoder);
  exposeLazily(global, ['TextDecoder'], loadTextDecoder);
}
