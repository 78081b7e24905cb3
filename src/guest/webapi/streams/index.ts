import { setBlobStreamFactory } from '../file-api/index.ts';
import { defineGlobal, exposeInterface } from '../webidl.ts';
import { FixedLengthStream, IdentityTransformStream } from './identity-transform-stream.ts';
import { readableParts } from './readable-bytes.ts';
import { streamClasses, streamClassNames } from './stream-classes.ts';
import { TextDecoderStream, TextEncoderStream } from './text-streams.ts';

export { FixedLengthStream, IdentityTransformStream, knownLength } from './identity-transform-stream.ts';
export { readableBytes } from './readable-bytes.ts';
export type { ByteSource } from './readable-bytes.ts';
export { streamClasses } from './stream-classes.ts';
export type { ReadableStream } from './stream-classes.ts';
export { acquireReader, isDisturbed, isLocked, isReadableStream, markConsumed } from './stream-state.ts';
export { teeForClone } from './tee-for-clone.ts';
export { TextDecoderStream, TextEncoderStream } from './text-streams.ts';

export function installStreams(global: Record<string, unknown>): void {
  for (const name of streamClassNames) defineLazy(global, name, () => streamClasses()[name]);
  const interfaces = { TextEncoderStream, TextDecoderStream, IdentityTransformStream, FixedLengthStream };
  for (const [name, interfaceClass] of Object.entries(interfaces)) exposeInterface(global, name, interfaceClass);
  setBlobStreamFactory(readableParts);
}

/** A global that becomes an ordinary data property when it is first read or written. */
function defineLazy(global: Record<string, unknown>, name: string, make: () => unknown): void {
  Object.defineProperty(global, name, {
    configurable: true,
    enumerable: false,
    get() {
      const value = make();
      defineGlobal(global, name, value);
      return value;
    },
    set(value: unknown) {
      defineGlobal(global, name, value);
    },
  });
}
