import type { StreamingDecoder } from '../../streaming-decoder.ts';
import { hiddenGlobals } from './hidden-globals.ts'; // first, so that it is evaluated first
import { createMultibyteDecoder } from './create-multibyte-decoder.mjs';

hiddenGlobals.restore();

/**
 * https://encoding.spec.whatwg.org/#legacy-multi-byte-chinese-(simplified)-encodings and the chapters that follow. Tables are unpacked at the first
 * byte that is not ASCII.
 */
export function multiByteDecoder(encoding: string, fatal: boolean): StreamingDecoder {
  let decode = createMultibyteDecoder(encoding, !fatal);
  return {
    decode: (bytes, stream) => decode(bytes, stream),
    reset: () => void (decode = createMultibyteDecoder(encoding, !fatal)),
  };
}
