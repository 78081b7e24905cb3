import { setBlobStreamFactory } from '../file-api/index.ts';
import { defineGlobal, exposeLazily } from '../webidl.ts';
import { readableParts } from './readable-bytes.ts';
import { streamClasses, streamClassNames, type StreamClasses } from './stream-classes.ts';
import { loadTransforms } from './transforms/lazy/index.ts';

export { knownLength } from './known-length.ts';
export { readableBytes } from './readable-bytes.ts';
export type { ByteSource } from './readable-bytes.ts';
export { streamClasses } from './stream-classes.ts';
export type { ReadableStream, WritableStream } from './stream-classes.ts';
export { acquireReader, isDisturbed, isLocked, isReadableStream, markConsumed, readEach } from './stream-state.ts';
export { teeForClone } from './tee-for-clone.ts';
export { loadTransforms } from './transforms/lazy/index.ts';

export function installStreams(global: Record<string, unknown>): void {
  defineLazy(global);
  exposeLazily(global, ['TextEncoderStream', 'TextDecoderStream', 'IdentityTransformStream', 'FixedLengthStream'], loadTransforms);
  setBlobStreamFactory(readableParts);
}

/** The classes' globals, which become ordinary data properties all together when one is first read; one that is written, by itself. */
function defineLazy(global: Record<string, unknown>): void {
  const waiting = new Set<keyof StreamClasses>(streamClassNames);
  const settle = (name: keyof StreamClasses, value: unknown): void => {
    waiting.delete(name);
    defineGlobal(global, name, value);
  };
  for (const name of streamClassNames) {
    const get = (): unknown => {
      const classes = streamClasses();
      for (const each of waiting) if (Object.hasOwn(global, each)) settle(each, classes[each]);
      return classes[name];
    };
    const set = (value: unknown): void => settle(name, value);
    Object.defineProperty(global, name, { configurable: true, enumerable: false, get, set });
  }
}
