/**
 * WebAssembly as tenants get it: modules that the builder compiled from imports may be instantiated; nothing is compiled from bytes,
 * and no memory is shared. V8 puts the native namespace into a context when it is restored, so this runs at attach.
 */
import { arrayBufferByteLength, defineProperties, defineProperty, getOwnPropertyDescriptor, getOwnPropertyDescriptors, PromiseConstructor, reflectApply, reflectConstruct } from './primordials.ts';

type AnyFunction = (...args: never[]) => unknown;
type Constructor = (new (...args: never[]) => object) & { readonly prototype: object };
type WasmNamespace = Record<'Module' | 'Instance' | 'Memory', Constructor> & Record<string, unknown>;

/** Compiles modules that the host hands over; set by {@link installWasm}. */
let compile: ((bytes: ArrayBuffer) => object) | undefined;

export function compileWasm(bytes: ArrayBuffer): object {
  if (compile === undefined) throw new Error('No WebAssembly in this context');
  return compile(bytes);
}

export function installWasm(global: Record<string, unknown>): void {
  delete global['SharedArrayBuffer'];
  delete global['Atomics'];
  const native = global['WebAssembly'] as WasmNamespace | undefined;
  if (native === undefined) return;
  const { Module, Instance, Memory } = native;
  compile = (bytes) => reflectConstruct(Module as unknown as AnyFunction, [bytes]) as object;

  refuseSharedMemory(Memory.prototype);
  replaceConstructor(native, 'Module', Module, () => refuse());
  replaceConstructor(native, 'Memory', Memory, (descriptor, target) => newMemory(Memory, descriptor, target));
  const define = (name: string, value: unknown): void => {
    defineProperty(native, name, { value, writable: true, configurable: true, enumerable: true });
  };
  const isModule = (value: unknown): boolean => value instanceof (Module as unknown as new () => object);
  define('compile', () => new PromiseConstructor(() => refuse()));
  define('compileStreaming', () => new PromiseConstructor(() => refuse()));
  define('instantiateStreaming', () => new PromiseConstructor(() => refuse()));
  define('instantiate', (module: unknown, imports?: unknown) =>
    new PromiseConstructor((resolve) => {
      if (!isModule(module)) refuse();
      resolve(reflectConstruct(Instance as unknown as AnyFunction, [module, imports]));
    }),
  );
}

function refuse(): never {
  throw new EvalError('Wasm code generation disallowed by embedder: import the .wasm file instead');
}

function newMemory(native: Constructor, descriptor: unknown, target: unknown): object {
  const { initial, minimum, maximum, shared } = Object(descriptor) as Record<string, unknown>;
  if (shared !== undefined && Boolean(shared)) throw new TypeError('Shared WebAssembly memory is not available');
  const plain: Record<string, unknown> = { __proto__: null };
  if (initial !== undefined) plain['initial'] = initial;
  if (minimum !== undefined) plain['minimum'] = minimum;
  if (maximum !== undefined) plain['maximum'] = maximum;
  return reflectConstruct(native as unknown as AnyFunction, [plain], target as AnyFunction) as object;
}

/** A module may declare or import a shared memory; its buffer must never reach the tenant. */
function refuseSharedMemory(prototype: object): void {
  const get = getOwnPropertyDescriptor(prototype, 'buffer')!.get!;
  defineProperty(prototype, 'buffer', {
    configurable: true,
    enumerable: true,
    get(this: object): unknown {
      const buffer = reflectApply(get, this, []) as ArrayBuffer;
      arrayBufferByteLength(buffer);
      return buffer;
    },
  });
}

function replaceConstructor(namespace: WasmNamespace, name: string, native: Constructor, make: (argument: unknown, target: unknown) => object): void {
  const constructor = function (argument: unknown): object {
    if (new.target === undefined) throw new TypeError(`WebAssembly.${name} must be invoked with 'new'`);
    return make(argument, new.target);
  };
  defineProperties(constructor, {
    ...getOwnPropertyDescriptors(native),
    prototype: { value: native.prototype, writable: false },
  });
  defineProperty(native.prototype, 'constructor', { value: constructor, writable: true, configurable: true });
  defineProperty(namespace, name, { value: constructor, writable: true, configurable: true });
}
