import { exposeInterface } from '../webidl.ts';
import { provideMultiByte } from './find-encoding.ts';
import { TextDecoder, TextEncoder } from './index.ts';
import { multiByteDecoder } from './multi-byte/lazy/index.ts';

/** Not in `index.ts`, which agents have a part in: they do without the tables of this. */
export function installEncoding(global: Record<string, unknown>): void {
  provideMultiByte(multiByteDecoder);
  exposeInterface(global, 'TextEncoder', TextEncoder);
  exposeInterface(global, 'TextDecoder', TextDecoder);
}
