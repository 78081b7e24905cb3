import { exposeInterface } from '../webidl.ts';
import { TextDecoder } from './text-decoder.ts';
import { TextEncoder } from './text-encoder.ts';

export { TextDecoder } from './text-decoder.ts';
export { TextEncoder } from './text-encoder.ts';
export { decodeUtf8, encodeUtf8, utf8Length } from './utf8.ts';

export function installEncoding(global: Record<string, unknown>): void {
  exposeInterface(global, 'TextEncoder', TextEncoder);
  exposeInterface(global, 'TextDecoder', TextDecoder);
}
