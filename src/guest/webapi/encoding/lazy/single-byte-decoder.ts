/** https://encoding.spec.whatwg.org/#single-byte-decoder */
import { decodeLatin1 } from '../latin1.ts';
import type { StreamingDecoder } from '../streaming-decoder.ts';
import type { SingleByteEncoding } from './single-byte.ts';

export function singleByteDecoder(encoding: SingleByteEncoding, fatal: boolean): StreamingDecoder {
  const table = encoding.table();
  const upper = (character: string): string => {
    const decoded = table.charAt(character.charCodeAt(0) - 0x80);
    if (fatal && decoded === '\ufffd') throw new TypeError(`The bytes are not ${encoding.name}`);
    return decoded;
  };
  return { decode: (bytes) => decodeLatin1(bytes).replace(/[\x80-\xff]/g, upper), reset: () => undefined };
}
