export { digestStreamClass } from './digest-stream.ts';
