import { defineGlobal, requireArguments } from '../webidl.ts';
import { atob as decode, btoa as encode } from './lazy/index.ts';

export { decodeBase64 } from './lazy/index.ts';

export function installBase64(global: Record<string, unknown>): void {
  defineGlobal(global, 'atob', atob, true);
  defineGlobal(global, 'btoa', btoa, true);
}

function atob(data: unknown): string {
  requireArguments(arguments.length, 1, 'atob');
  return decode(data);
}

function btoa(data: unknown): string {
  requireArguments(arguments.length, 1, 'btoa');
  return encode(data);
}
