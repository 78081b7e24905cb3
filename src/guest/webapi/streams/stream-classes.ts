/**
 * The classes of the Streams standard, https://streams.spec.whatwg.org/, evaluated when one is first needed: an isolate that never
 * touches a stream does without their heap.
 */
import { loadPolyfill } from './lazy/index.ts';

export const streamClassNames = [
  'ReadableStream',
  'ReadableStreamDefaultReader',
  'ReadableStreamBYOBReader',
  'ReadableStreamDefaultController',
  'ReadableByteStreamController',
  'ReadableStreamBYOBRequest',
  'WritableStream',
  'WritableStreamDefaultWriter',
  'WritableStreamDefaultController',
  'TransformStream',
  'TransformStreamDefaultController',
  'ByteLengthQueuingStrategy',
  'CountQueuingStrategy',
] as const;

export type StreamClasses = ReturnType<typeof loadPolyfill>;
export type ReadableStream = InstanceType<StreamClasses['ReadableStream']>;
export type WritableStream = InstanceType<StreamClasses['WritableStream']>;
export type TransformStream = InstanceType<StreamClasses['TransformStream']>;
export type ByteStreamController = StreamClasses['ReadableByteStreamController']['prototype'];
export type StreamReader = InstanceType<StreamClasses['ReadableStreamDefaultReader']>;

let loaded: StreamClasses | undefined;

export function streamClasses(): StreamClasses {
  if (loaded !== undefined) return loaded;
  loaded = loadPolyfill();
  for (const name of streamClassNames) Object.defineProperty(loaded[name], 'name', { value: name, configurable: true });
  inheritAsyncIterator(Object.getPrototypeOf(new loaded.ReadableStream().values()) as object);
  return loaded;
}

/** https://webidl.spec.whatwg.org/#js-asynchronous-iterator-prototype-object: `Symbol.asyncIterator` comes from above. */
function inheritAsyncIterator(prototype: object): void {
  const generator = async function* (): AsyncGenerator {};
  Object.setPrototypeOf(prototype, Object.getPrototypeOf(Object.getPrototypeOf(generator.prototype) as object) as object);
  Reflect.deleteProperty(prototype, Symbol.asyncIterator);
}

/** Undefined as long as no stream can exist. */
export function loadedStreamClasses(): StreamClasses | undefined {
  return loaded;
}
