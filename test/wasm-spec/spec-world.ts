import { METERING_EXPORTS } from '../../src/sandbox/wasm/metering/metering-names.ts';
import { DEPTH_BYTES_MAX } from '../../src/sandbox/wasm/wasm-limits.ts';
import type { WasmImports } from '../../src/sandbox/wasm/web-assembly.ts';

export type Result =
  | { readonly kind: 'returned'; readonly values: readonly unknown[] }
  | { readonly kind: 'trapped' | 'exhausted' | 'threw' | 'unlinkable' | 'failed'; readonly message: string };

type WasmFunction = (...args: unknown[]) => unknown;

const FUEL = 2n ** 62n;

/** The instances of a script, all of original modules or all of metered ones. */
export class SpecWorld {
  readonly #registered: WasmImports = { spectest: spectest() };
  readonly #instances: WebAssembly.Instance[] = [];
  /** instances that could not be made, whose functions may already stand in the table of another */
  lost = 0;

  /** Instantiates a module and runs its start function. */
  instantiate(bytes: Uint8Array): { readonly instance: WebAssembly.Instance | undefined; readonly result: Result } {
    let instance: WebAssembly.Instance | undefined;
    const result = this.#attempt(() => {
      instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), this.#registered);
      this.#instances.push(instance);
      this.#refill();
      const start = instance.exports[METERING_EXPORTS.start];
      if (typeof start === 'function') start();
    });
    if (result.kind === 'trapped') this.lost += 1;
    return { instance, result };
  }

  register(name: string, instance: WebAssembly.Instance): void {
    this.#registered[name] = { ...instance.exports };
  }

  invoke(instance: WebAssembly.Instance, name: string, args: readonly unknown[]): Result {
    return this.#attempt(() => {
      const value = instance.exports[name];
      if (typeof value !== 'function') throw new Error(`There is no function ${name}`);
      return (value as WasmFunction)(...args);
    });
  }

  get(instance: WebAssembly.Instance, name: string): Result {
    return this.#attempt(() => {
      const value = instance.exports[name];
      if (!(value instanceof WebAssembly.Global)) throw new Error(`There is no global ${name}`);
      return value.value;
    });
  }

  #attempt(action: () => unknown): Result {
    this.#refill();
    try {
      const value = action();
      return { kind: 'returned', values: Array.isArray(value) ? value : value === undefined ? [] : [value] };
    } catch (error) {
      return { kind: this.#kindOf(error), message: String(error) };
    }
  }

  #kindOf(error: unknown): 'trapped' | 'exhausted' | 'threw' | 'unlinkable' | 'failed' {
    if (error instanceof RangeError) return 'exhausted';
    if (error instanceof WebAssembly.Exception) return 'threw';
    if (error instanceof WebAssembly.LinkError || error instanceof TypeError) return 'unlinkable';
    if (!(error instanceof WebAssembly.RuntimeError)) return 'failed';
    const spent = this.#instances.some((instance) => Number(valueOf(instance, METERING_EXPORTS.depth) ?? 0) < 0);
    return spent ? 'exhausted' : 'trapped';
  }

  #refill(): void {
    for (const instance of this.#instances) {
      set(instance, METERING_EXPORTS.fuel, FUEL);
      set(instance, METERING_EXPORTS.depth, DEPTH_BYTES_MAX);
      set(instance, METERING_EXPORTS.pagesMax, 65_536);
    }
  }
}

function set(instance: WebAssembly.Instance, name: string, value: number | bigint): void {
  const global = instance.exports[name];
  if (global instanceof WebAssembly.Global) global.value = value;
}

function valueOf(instance: WebAssembly.Instance, name: string): unknown {
  const global = instance.exports[name];
  return global instanceof WebAssembly.Global ? global.value : undefined;
}

/** The module that every script may import from. */
function spectest(): Record<string, WebAssembly.ImportValue> {
  const print = (): void => undefined;
  return {
    print,
    print_i32: print,
    print_i64: print,
    print_f32: print,
    print_f64: print,
    print_i32_f32: print,
    print_f64_f64: print,
    global_i32: new WebAssembly.Global({ value: 'i32' }, 666),
    global_i64: new WebAssembly.Global({ value: 'i64' }, 666n),
    global_f32: new WebAssembly.Global({ value: 'f32' }, 666.6),
    global_f64: new WebAssembly.Global({ value: 'f64' }, 666.6),
    memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
    table: new WebAssembly.Table({ element: 'anyfunc', initial: 10, maximum: 20 }),
  };
}
