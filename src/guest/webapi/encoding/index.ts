export { TextEncoder } from './text-encoder.ts';
export { decodeUtf8, encodeUtf8, utf8Length } from './utf8.ts';
