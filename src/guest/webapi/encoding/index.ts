import { exposeInterface } from '../webidl.ts';
import { TextDecoder } from './text-decoder.ts';
import { TextEncoder } from './text-encoder.ts';

export { decodeLatin1, encodeLatin1 } from './latin1.ts';
export { TextDecoder } from './text-decoder.ts';
export { TextEncoder } from './text-encoder.ts';
export { decodeUtf8, type DecodeUtf8Options, encodeUtf8, encodeUtf8Into, utf8Length } from './utf8.ts';

export function installEncoding(global: Record<string, unknown>): void {
  exposeInterface(global, 'TextEncoder', TextEncoder);
  exposeInterface(global, 'TextDecoder', TextDecoder);
}
