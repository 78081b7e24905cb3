export { keyLengthBits, normalizeAlgorithm, supports, toKey } from './algorithms.ts';
