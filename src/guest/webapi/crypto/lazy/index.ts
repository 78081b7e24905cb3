export { keyLengthBits, normalizeAlgorithm, supports, toKey } from './algorithms.ts';
export { type JsonWebKey, toJsonWebKey } from './json-web-key.ts';
