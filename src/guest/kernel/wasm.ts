/**
 * WebAssembly as tenants get it: modules that the builder compiled from imports may be instantiated; nothing is compiled from bytes,
 * and no memory is shared. V8 puts the native namespace into a context when it is restored, so this runs at attach.
 */
import { arrayBufferByteLength, defineProperties, defineProperty, getOwnPropertyDescriptor, getOwnPropertyDescriptors, PromiseConstructor, reflectApply, reflectConstruct, weakRefDeref } from './primordials.ts';
import { admitPages, bytesOfPages, holdPages, noteModule, owner, pagesOfModule } from './wasm-memory-budget.ts';

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
  compile = (bytes) => {
    const module = reflectConstruct(Module as unknown as AnyFunction, [bytes]) as object;
    noteModule(module, bytes);
    return module;
  };

  const bufferOf = refuseSharedMemory(Memory.prototype);
  const newInstance = instantiator(Instance, bufferOf);
  replaceConstructor(native, 'Module', Module, () => refuse());
  replaceConstructor(native, 'Memory', Memory, (descriptor, _second, target) => newMemory(Memory, descriptor, target, bufferOf));
  replaceConstructor(native, 'Instance', Instance, newInstance);
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
      resolve(newInstance(module, imports, Instance));
    }),
  );
}

function refuse(): never {
  throw new EvalError('Wasm code generation disallowed by embedder: import the .wasm file instead');
}

type BufferOf = (memory: object) => ArrayBuffer;

function newMemory(native: Constructor, descriptor: unknown, target: unknown, bufferOf: BufferOf): object {
  const { initial, minimum, maximum, shared } = Object(descriptor) as Record<string, unknown>;
  if (shared !== undefined && Boolean(shared)) throw new TypeError('Shared WebAssembly memory is not available');
  const plain: Record<string, unknown> = { __proto__: null };
  if (initial !== undefined) plain['initial'] = initial;
  if (minimum !== undefined) plain['minimum'] = minimum;
  if (maximum !== undefined) plain['maximum'] = maximum;
  // made first, so that it is V8 that reads the numbers; one for which there is no room is garbage at once, and its pages were never touched
  const memory = reflectConstruct(native as unknown as AnyFunction, [plain], target as AnyFunction) as object;
  const { bytes, held } = lasting(memory, bufferOf);
  admitPages(bytes() / bytesOfPages(1));
  holdPages(held, bytes);
  return memory;
}

/** A memory's size at any time, without keeping it alive. */
function lasting(memory: object, bufferOf: BufferOf): { bytes: () => number; held: ReturnType<typeof owner> } {
  const held = owner(memory);
  return {
    held,
    bytes: () => {
      const living = weakRefDeref(held.object);
      return living === undefined ? 0 : arrayBufferByteLength(bufferOf(living));
    },
  };
}

/** An instance counts with the memories that it defines: with what it began with, or what its exported ones have grown to. */
function instantiator(native: Constructor, bufferOf: BufferOf): (module: unknown, imports: unknown, target: unknown) => object {
  const exportsOf = getOwnPropertyDescriptor(native.prototype, 'exports')!.get!;
  return (module, imports, target) => {
    const pages = typeof module === 'object' && module !== null ? pagesOfModule(module) : 0;
    admitPages(pages);
    const instance = reflectConstruct(native as unknown as AnyFunction, [module, imports], target as AnyFunction) as object;
    if (pages > 0) holdInstance(instance, reflectApply(exportsOf, instance, []) as Record<string, object>, bytesOfPages(pages), bufferOf);
    return instance;
  };
}

function holdInstance(instance: object, exported: Record<string, object>, firstBytes: number, bufferOf: BufferOf): void {
  let owners = owner(exported, owner(instance));
  let exportedBytes = (): number => 0;
  // on an object without a prototype
  for (const name in exported) {
    const value = exported[name];
    if (typeof value !== 'function' && typeof value !== 'object') continue;
    owners = owner(value, owners);
    if (!isMemory(value, bufferOf)) continue;
    const before = exportedBytes;
    const { bytes } = lasting(value, bufferOf);
    exportedBytes = () => before() + bytes();
  }
  holdPages(owners, () => {
    const bytes = exportedBytes();
    return bytes > firstBytes ? bytes : firstBytes;
  });
}

function isMemory(value: object, bufferOf: BufferOf): boolean {
  try {
    arrayBufferByteLength(bufferOf(value));
    return true;
  } catch {
    return false;
  }
}

/** A module may declare or import a shared memory; its buffer must never reach the tenant. */
function refuseSharedMemory(prototype: object): BufferOf {
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
  return (memory) => reflectApply(get, memory, []) as ArrayBuffer;
}

function replaceConstructor(namespace: WasmNamespace, name: string, native: Constructor, make: (argument: unknown, second: unknown, target: unknown) => object): void {
  const constructor = function (argument: unknown, second: unknown): object {
    if (new.target === undefined) throw new TypeError(`WebAssembly.${name} must be invoked with 'new'`);
    return make(argument, second, new.target);
  };
  defineProperties(constructor, {
    ...getOwnPropertyDescriptors(native),
    prototype: { value: native.prototype, writable: false },
  });
  defineProperty(native.prototype, 'constructor', { value: constructor, writable: true, configurable: true });
  defineProperty(namespace, name, { value: constructor, writable: true, configurable: true });
}
