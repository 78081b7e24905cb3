export { multiByteDecoder } from './multi-byte-decoder.ts';
