/** Built-ins of the isolate, captured before tenant code runs; see util/primordials.ts. */
import { uncurryThis } from '../../util/primordials.ts';

type Getter<T, R> = (this: T) => R;

function getter<T, R>(prototype: object, name: PropertyKey): (self: T) => R {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  if (get === undefined) throw new Error(`No accessor ${String(name)}`);
  return uncurryThis<Getter<T, R>>(get as Getter<T, R>);
}

export const { apply: reflectApply, construct: reflectConstruct } = Reflect;
export const { defineProperty, defineProperties, getOwnPropertyDescriptor, getOwnPropertyDescriptors, setPrototypeOf, create: objectCreate } = Object;
export const { parse: jsonParse } = JSON;
export const PromiseConstructor = Promise;
export const ArrayBufferConstructor = ArrayBuffer;
export const Uint8ArrayConstructor = Uint8Array;
export const Int32ArrayConstructor = Int32Array;
export const WeakRefConstructor = WeakRef;
export const weakRefDeref = uncurryThis(WeakRef.prototype.deref as (this: WeakRef<object>) => object | undefined);

/** Rejections are the caller's to handle by its second callback; what comes back is of no interest. */
export const promiseThen: (promise: Promise<unknown>, resolved?: (value: never) => unknown, rejected?: (reason: unknown) => unknown) => void = uncurryThis(
  Promise.prototype.then as (this: Promise<unknown>, resolved?: (value: never) => unknown, rejected?: (reason: unknown) => unknown) => Promise<unknown>,
);

const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
export const typedArrayBuffer = getter<ArrayBufferView, ArrayBufferLike>(typedArrayPrototype, 'buffer');
export const typedArrayByteOffset = getter<ArrayBufferView, number>(typedArrayPrototype, 'byteOffset');
export const typedArrayByteLength = getter<ArrayBufferView, number>(typedArrayPrototype, 'byteLength');
export const typedArraySet = uncurryThis(Uint8Array.prototype.set);
export const dataViewBuffer = getter<ArrayBufferView, ArrayBufferLike>(DataView.prototype, 'buffer');
export const dataViewByteOffset = getter<ArrayBufferView, number>(DataView.prototype, 'byteOffset');
export const dataViewByteLength = getter<ArrayBufferView, number>(DataView.prototype, 'byteLength');
/** Throws on a SharedArrayBuffer and on anything else that is no ArrayBuffer. */
export const arrayBufferByteLength = getter<ArrayBufferLike, number>(ArrayBuffer.prototype, 'byteLength');
export const arrayBufferResizable = getter<ArrayBufferLike, boolean>(ArrayBuffer.prototype, 'resizable');
export const isView = ArrayBuffer.isView;

const promiseSpecies = Promise.prototype;
const { getPrototypeOf } = Object;

/** A native promise whose `then` can be called without asking the tenant's code: not a subclass, not a proxy's word. */
export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && getPrototypeOf(value) === promiseSpecies;
}
