import { decorateInterface } from '../../../webidl.ts';
import { multiByteDecoder } from '../../multi-byte/lazy/index.ts';
import { provideMultiByte } from './find-encoding.ts';
import { TextDecoder } from './text-decoder.ts';

// not beside the class: agents have that too, and do without the tables of this
provideMultiByte(multiByteDecoder);
decorateInterface('TextDecoder', TextDecoder);

export function loadTextDecoder(): { TextDecoder: typeof TextDecoder } {
  return { TextDecoder };
}
