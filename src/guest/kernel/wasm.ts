/**
 * WebAssembly as tenants get it: modules that the builder compiled from imports may be instantiated; nothing is compiled from bytes,
 * and no memory is shared. V8 puts the native namespace into a context when it is restored, so this runs at attach.
 */
import { declaredMemory, MEMORY_MODULE } from '../../protocol/wasm-memory.ts';
import { arrayBufferByteLength, defineProperties, defineProperty, getOwnPropertyDescriptor, getOwnPropertyDescriptors, PromiseConstructor, reflectApply, reflectConstruct, setPrototypeOf } from './primordials.ts';
import { admitMemory, holdMemory, memoryPagesMax, type BufferOf } from './wasm-memory-budget.ts';

type AnyFunction = (...args: never[]) => unknown;
type Constructor = (new (...args: never[]) => object) & { readonly prototype: object };
type WasmNamespace = Record<'Module' | 'Instance' | 'Memory', Constructor> & Record<string, unknown>;

interface ImportDescriptor {
  readonly module: string;
  readonly name: string;
}
type ImportsOf = (module: unknown) => readonly ImportDescriptor[];

/** Of any memory of 32 bits. */
const PAGES_MAX = 65_536;

/** Compiles modules that the host hands over; set by {@link installWasm}. */
let compile: ((bytes: ArrayBuffer) => object) | undefined;

export function compileWasm(bytes: ArrayBuffer): object {
  if (compile === undefined) throw new Error('No WebAssembly in this context');
  return compile(bytes);
}

export function installWasm(global: Record<string, unknown>): void {
  takeGlobal(global, 'SharedArrayBuffer');
  takeGlobal(global, 'Atomics');
  const native = takeGlobal(global, 'WebAssembly') as WasmNamespace | undefined;
  if (native === undefined) return;
  defineProperty(global, 'WebAssembly', { value: native, writable: true, configurable: true, enumerable: false });
  const { Module, Instance, Memory } = native;
  compile = (bytes) => reflectConstruct(Module as unknown as AnyFunction, [bytes]) as object;

  const bufferOf = refuseSharedMemory(Memory.prototype);
  const importsOf = (Module as unknown as { readonly imports: ImportsOf }).imports;
  const newInstance = instantiator(Instance, importsOf, (initial, maximum) => countedMemory(Memory, bufferOf, initial, maximum));
  replaceConstructor(native, 'Module', Module, () => refuse());
  hideOwnMemories(native.Module, importsOf);
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

/**
 * Takes out what V8 has put there. Beside a property that a tenant made while its snapshot was made V8 puts a second one of that name, which comes to
 * light when the first is deleted: an app that has made one is not restored.
 */
function takeGlobal(global: Record<string, unknown>, name: string): unknown {
  const value = getOwnPropertyDescriptor(global, name)?.value as unknown;
  delete global[name];
  if (getOwnPropertyDescriptor(global, name) !== undefined) throw new TypeError(`${name} is defined twice`);
  return value;
}

function refuse(): never {
  throw new EvalError('Wasm code generation disallowed by embedder: import the .wasm file instead');
}

function newMemory(native: Constructor, descriptor: unknown, target: unknown, bufferOf: BufferOf): object {
  const { prototype } = target as { readonly prototype: unknown };
  const { initial, maximum, shared } = Object(descriptor) as Record<string, unknown>;
  if (shared !== undefined && Boolean(shared)) refuseShared();
  const numeric = (value: unknown): number | undefined => (value === undefined ? undefined : +(value as number));
  const memory = countedMemory(native, bufferOf, numeric(initial), numeric(maximum));
  if ((typeof prototype === 'object' && prototype !== null) || typeof prototype === 'function') setPrototypeOf(memory, prototype);
  return memory;
}

/**
 * What is no number of pages, V8 refuses in its own words. None of the tenant's code may run between admitting and holding: it could make memories
 * there that nobody counts yet. So V8 gets plain numbers, and no constructor of the tenant's, whose `prototype` it would read.
 */
function countedMemory(native: Constructor, bufferOf: BufferOf, initial: number | undefined, maximum: number | undefined): object {
  const descriptor: Record<string, unknown> = { __proto__: null, maximum };
  if (initial !== undefined) descriptor['initial'] = initial;
  if (isPages(initial) && (maximum === undefined || isPages(maximum))) {
    admitMemory(initial);
    const most = memoryPagesMax();
    if (maximum === undefined || maximum > most) descriptor['maximum'] = most;
  }
  const memory = reflectConstruct(native as unknown as AnyFunction, [descriptor]) as object;
  holdMemory(memory, bufferOf);
  return memory;
}

/** V8 drops what stands behind the point. */
function isPages(value: number | undefined): value is number {
  return value !== undefined && value > -1 && value < PAGES_MAX + 1;
}

function refuseShared(): never {
  throw new TypeError('Shared WebAssembly memory is not available');
}

/** Makes the memories that the module defines, which the builder made imports. */
function instantiator(native: Constructor, importsOf: ImportsOf, make: (initial: number, maximum: number | undefined) => object): (module: unknown, imports: unknown, target: unknown) => object {
  return (module, imports, target) => {
    const instantiate = (given: unknown): object => reflectConstruct(native as unknown as AnyFunction, [module, given], target as AnyFunction) as object;
    if (!hasOwnMemories(importsOf, module)) return instantiate(imports);
    const asked = importsOf(module);
    const memories: Record<string, object> = { __proto__: null } as never;
    let others = 0;
    for (let i = 0; i < asked.length; i++) {
      const { module: from, name } = asked[i]!;
      if (from !== MEMORY_MODULE) others++;
      else {
        const { initial, maximum, shared } = declaredMemory(name);
        if (shared) refuseShared();
        memories[name] = make(initial, maximum);
      }
    }
    // it needs none from the tenant
    if (imports === undefined && others === 0) return instantiate({ __proto__: null, [MEMORY_MODULE]: memories });
    if ((typeof imports !== 'object' && typeof imports !== 'function') || imports === null) return instantiate(imports);
    return instantiate({ __proto__: imports, [MEMORY_MODULE]: memories });
  };
}

/** What is no module, V8 refuses in its own words. */
function hasOwnMemories(importsOf: ImportsOf, module: unknown): boolean {
  if (typeof module !== 'object' || module === null) return false;
  try {
    const asked = importsOf(module);
    for (let i = 0; i < asked.length; i++) if (asked[i]!.module === MEMORY_MODULE) return true;
  } catch {
    // no module
  }
  return false;
}

/** The module's own memories were no imports before the builder made them so. */
function hideOwnMemories(constructor: object, importsOf: ImportsOf): void {
  const imports = function (module: unknown): ImportDescriptor[] {
    const asked = importsOf(module);
    const shown: ImportDescriptor[] = [];
    let count = 0;
    for (let i = 0; i < asked.length; i++) {
      if (asked[i]!.module !== MEMORY_MODULE) defineProperty(shown, count++, { value: asked[i], writable: true, enumerable: true, configurable: true });
    }
    return shown;
  };
  defineProperty(constructor, 'imports', { value: imports, writable: true, enumerable: true, configurable: true });
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
