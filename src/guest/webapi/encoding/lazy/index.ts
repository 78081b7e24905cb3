export { multiByteEncodingOf } from './multi-byte-labels.ts';
export { singleByteEncodingOf } from './single-byte.ts';
export { singleByteDecoder } from './single-byte-decoder.ts';
