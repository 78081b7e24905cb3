import { NanosError } from '../../protocol/errors.ts';
import { GuestFault, type StopEnd } from './guest-fault.ts';
import type { MeteredModule } from './metered-module.ts';
import { bitsExports, globalExport, GROW_REFUSED, METERING_EXPORTS } from './metering/metering-names.ts';
import type { GuestState } from './snapshot/guest-state.ts';
import { DEPTH_BYTES_MAX, PAGE_BYTES } from './wasm-limits.ts';
import type { WasmImports } from './web-assembly.ts';

export type Outcome =
  | { readonly kind: 'returned'; readonly value: number | bigint | undefined }
  | { readonly kind: 'stopped'; readonly end: StopEnd; readonly message: string };

export interface InstanceOptions {
  /** of 64 KiB */
  readonly memoryPagesMax: number;
}

type WasmFunction = (...args: unknown[]) => unknown;

/** Stack that the host's own frames may take between a guest and a guest that it calls back. */
const HOST_FRAMES_BYTES = 64 * 1024;
const FUEL_MAX = 2n ** 63n - 1n;
const EMPTY = new Uint8Array(0);

/**
 * An instance of a metered module, entered with fuel for each time. Whatever stops it (no fuel, a trap, an error thrown by an import) is final: it is never entered again.
 * An error of an import that is no GuestFault is the host's own and comes out of `enter`.
 */
export class GuestInstance {
  readonly #exports: WebAssembly.Instance['exports'];
  readonly #globals: readonly GlobalAccess[];
  readonly #memory: WebAssembly.Memory | undefined;
  readonly #fuel: WebAssembly.Global<bigint>;
  readonly #depth: WebAssembly.Global<number>;
  readonly #growRefused: WebAssembly.Global<number>;
  readonly #memoryPagesMax: number;
  #view: Uint8Array = EMPTY;
  #begun = false;
  #inside = false;
  /** what stopped the guest; it stays, even when the guest's own code caught it */
  #fault: Fault | undefined;
  #fuelGiven = 0n;
  #fuelUsed = 0n;

  /** Runs no guest code. Throws memory_limit when the module begins with more memory than it may have, module_invalid when it can't be linked. */
  static create(module: MeteredModule, imports: WasmImports, options: InstanceOptions): GuestInstance {
    return new GuestInstance(module, imports, options);
  }

  private constructor(module: MeteredModule, imports: WasmImports, { memoryPagesMax }: InstanceOptions) {
    this.#memoryPagesMax = memoryPagesMax;
    this.#checkPages(module.memoryPagesMin);
    this.#exports = instantiate(module.module, this.#guardAll(imports)).exports;
    this.#memory = module.memoryPagesMin > 0 || this.#exports[METERING_EXPORTS.memory] !== undefined ? this.#memoryExport() : undefined;
    this.#fuel = this.#global(METERING_EXPORTS.fuel);
    this.#depth = this.#global(METERING_EXPORTS.depth);
    this.#growRefused = this.#global(METERING_EXPORTS.growRefused);
    this.#global<number>(METERING_EXPORTS.pagesMax).value = memoryPagesMax;
    this.#globals = module.globals.map(({ index, type }) => (type === 'f32' || type === 'f64' ? this.#bits(index) : this.#global(globalExport(index))));
  }

  /**
   * Calls an export with this much fuel and the whole depth. The module's start function runs first, from the same fuel, when it hasn't yet.
   * A trap after memory.grow was refused during this call ends as memory_limit.
   */
  enter(fuelMax: bigint, name: string, ...args: readonly (number | bigint)[]): Outcome {
    if (this.#inside || this.#fault !== undefined) throw new Error('An instance was entered that runs already or was stopped');
    this.#giveFuel(fuelMax);
    this.#depth.value = DEPTH_BYTES_MAX;
    this.#growRefused.value = GROW_REFUSED.no;
    this.#inside = true;
    try {
      this.#begin();
      return this.#returned(this.#function(name)(...args));
    } catch (error) {
      return { kind: 'stopped', ...this.#reason(this.#stop(error)) };
    } finally {
      this.#inside = false;
      this.#fuelUsed = this.#fuelSpent();
    }
  }

  /** Inside an import that waited: the guest goes on with this much fuel. */
  refuel(fuelMax: bigint): void {
    if (!this.#inside) throw new Error('A guest is refuelled only while it waits for an import');
    this.#giveFuel(fuelMax);
  }

  /** Inside an import: the guest pays for what the host does for it there. Stops the guest when its fuel does not suffice. */
  charge(fuel: bigint): void {
    if (!this.#inside) throw new Error('A guest is charged only while it waits for an import');
    this.#checkAlive();
    this.#fuel.value -= fuel;
    this.#checkAlive();
  }

  /** Calls an export from inside an import: the same fuel and depth go on. What it throws, the import lets through. */
  call(name: string, ...args: readonly (number | bigint)[]): number | bigint | undefined {
    if (!this.#inside) throw new Error('A guest is called back only while it waits for an import');
    this.#checkAlive();
    const depth = this.#depth.value;
    this.#depth.value = depth - HOST_FRAMES_BYTES;
    try {
      if (depth < HOST_FRAMES_BYTES) throw new GuestFault('depth_limit', DEPTH_MESSAGE);
      return valueOf(this.#function(name)(...args));
    } catch (error) {
      this.#stop(error);
      throw error;
    } finally {
      this.#depth.value = depth;
    }
  }

  /** Whether the guest exports a function of this name. */
  has(name: string): boolean {
    return typeof this.#exports[name] === 'function';
  }

  /** Fuel used by the last `enter`, or since its last `refuel`: so far while the guest runs, and never more than was given. */
  get fuelUsed(): bigint {
    return this.#inside ? this.#fuelSpent() : this.#fuelUsed;
  }

  /** The guest's memory as it is now: a view, good until the guest runs again. */
  get memory(): Uint8Array {
    const buffer = this.#memory?.buffer;
    if (buffer !== undefined && buffer !== this.#view.buffer) this.#view = new Uint8Array(buffer);
    return this.#view;
  }

  /** of 64 KiB */
  get memoryPages(): number {
    return this.memory.length / PAGE_BYTES;
  }

  /** State between two entries; `memory` is a view. Float globals are given as the bits of an i64. Only of modules without a `snapshotRefusal` is this all there is. */
  state(): GuestState {
    return { pages: this.memoryPages, memory: this.memory, globals: this.#globals.map(({ value }) => value) };
  }

  /**
   * Before the first entry: the instance is now in the state of another one of the same module. `state.memory` may be its own, written in place; else it is copied.
   * Throws as `grown`, and snapshot_corrupt for a state of another module.
   */
  restore({ pages, memory, globals }: GuestState): void {
    if (this.#begun) throw new Error('An instance is restored before it runs');
    const own = this.grown(pages);
    if (memory.length !== own.length || globals.length !== this.#globals.length) throw ofAnotherModule();
    if (memory.buffer !== own.buffer) own.set(memory);
    for (const [place, global] of this.#globals.entries()) global.value = globals[place] ?? 0;
    this.#begun = true;
  }

  /** The memory with this many pages of 64 KiB, zero behind what it had before. Throws memory_limit, and snapshot_corrupt for fewer than it has. */
  grown(pages: number): Uint8Array {
    this.#checkPages(pages);
    const more = pages - this.memoryPages;
    if (more < 0 || (more > 0 && this.#memory === undefined)) throw ofAnotherModule();
    if (more > 0) this.#memory?.grow(more);
    return this.memory;
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    if (this.has(METERING_EXPORTS.start)) this.#function(METERING_EXPORTS.start)();
  }

  /** A guest that caught what stopped it, or that overspent on its last steps, did not return. */
  #returned(result: unknown): Outcome {
    this.#checkAlive();
    return { kind: 'returned', value: valueOf(result) };
  }

  #checkAlive(): void {
    if (this.#fault !== undefined) throw this.#fault.error;
    if (this.#fuel.value < 0n) throw new GuestFault('fuel_limit', FUEL_MESSAGE);
  }

  #giveFuel(fuelMax: bigint): void {
    if (fuelMax < 0n || fuelMax > FUEL_MAX) throw new RangeError(`An instance was given ${fuelMax} units of fuel`);
    this.#fuelGiven = fuelMax;
    this.#fuel.value = fuelMax;
  }

  #fuelSpent(): bigint {
    const left = this.#fault?.fuel ?? this.#fuel.value;
    return left < 0n ? this.#fuelGiven : this.#fuelGiven - left;
  }

  /** Remembers what stopped the guest first and takes its fuel away, so that one that catches the error does not get far. */
  #stop(error: unknown): Fault {
    if (this.#fault !== undefined) return this.#fault;
    this.#fault = { error, fuel: this.#fuel.value, depth: this.#depth.value };
    this.#fuel.value = -1n;
    return this.#fault;
  }

  #reason({ error, fuel, depth }: Fault): { readonly end: StopEnd; readonly message: string } {
    if (error instanceof GuestFault) return { end: error.end, message: error.message };
    if (error instanceof WebAssembly.Exception) return { end: 'agent_trapped', message: 'The agent threw an exception that it did not catch' };
    if (isStackOverflow(error)) return { end: 'depth_limit', message: DEPTH_MESSAGE };
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    if (fuel < 0n) return { end: 'fuel_limit', message: FUEL_MESSAGE };
    if (depth < 0) return { end: 'depth_limit', message: DEPTH_MESSAGE };
    if (this.#growRefused.value === GROW_REFUSED.engine) return { end: 'memory_limit', message: 'The host has no more memory for the agent' };
    if (this.#growRefused.value === GROW_REFUSED.cap) return { end: 'memory_limit', message: `The agent stopped after it was refused more than ${this.#memoryPagesMax} pages of memory: ${error.message}` };
    return { end: 'agent_trapped', message: `The agent trapped: ${error.message}` };
  }

  #guardAll(imports: WasmImports): WasmImports {
    const guarded: WasmImports = {};
    for (const [module, values] of Object.entries(imports)) {
      guarded[module] = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === 'function' ? this.#guard(value as WasmFunction) : value]));
    }
    return guarded;
  }

  /** No import acts for a guest that was stopped or has overspent, and what one throws stops the guest even when it catches it. */
  #guard(value: WasmFunction): WasmFunction {
    return (...args) => {
      try {
        this.#checkAlive();
        const result = value(...args);
        this.#checkAlive();
        return result;
      } catch (error) {
        this.#stop(error);
        throw error;
      }
    };
  }

  #function(name: string): WasmFunction {
    const value = this.#exports[name];
    if (typeof value !== 'function') throw new GuestFault('agent_abi', `The agent exports no function ${name}`);
    return (...args) => {
      try {
        return value(...args);
      } catch (error) {
        // Of the host's own conversion of arguments; what imports throw was seen by their guard.
        if (error instanceof TypeError && this.#fault === undefined) throw new GuestFault('agent_abi', `The agent's function ${name} has other parameters than it should: ${error.message}`);
        throw error;
      }
    };
  }

  #global<T>(name: string): WebAssembly.Global<T> {
    const value = this.#exports[name];
    if (!(value instanceof WebAssembly.Global)) throw new NanosError('internal', `The metered module does not export the global ${name}`);
    return value as WebAssembly.Global<T>;
  }

  #bits(index: number): GlobalAccess {
    const { read, write } = bitsExports(index);
    const call = (name: string, ...args: readonly unknown[]): unknown => this.#function(name)(...args);
    return {
      get value() {
        return call(read) as bigint;
      },
      set value(bits: number | bigint) {
        call(write, BigInt(bits));
      },
    };
  }

  #memoryExport(): WebAssembly.Memory {
    const value = this.#exports[METERING_EXPORTS.memory];
    if (!(value instanceof WebAssembly.Memory)) throw new NanosError('internal', 'The metered module does not export its memory');
    return value;
  }

  #checkPages(pages: number): void {
    if (pages > this.#memoryPagesMax) throw new NanosError('memory_limit', `The agent needs ${pages} pages of memory and may have ${this.#memoryPagesMax}: raise its memory limit to ${Math.ceil(pages / 16)} MB`);
  }
}

/** What stopped a guest, and what it had left then. */
interface Fault {
  readonly error: unknown;
  readonly fuel: bigint;
  readonly depth: number;
}

interface GlobalAccess {
  value: number | bigint;
}

const FUEL_MESSAGE = 'The agent used up its fuel';
const DEPTH_MESSAGE = 'The agent called too many functions inside each other';

function valueOf(result: unknown): number | bigint | undefined {
  if (result === undefined || typeof result === 'number' || typeof result === 'bigint') return result;
  throw new GuestFault('agent_abi', 'The agent gave back something that is not a number');
}

function ofAnotherModule(): NanosError {
  return new NanosError('snapshot_corrupt', 'The snapshot is of another module: its memory or its globals do not fit');
}

function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes('call stack');
}

function instantiate(module: WebAssembly.Module, imports: WasmImports): WebAssembly.Instance {
  try {
    return new WebAssembly.Instance(module, imports);
  } catch (error) {
    if (error instanceof RangeError) throw new NanosError('memory_limit', `The host has no memory for the agent: ${error.message}`, { cause: error });
    if (error instanceof WebAssembly.LinkError || error instanceof TypeError) throw new NanosError('module_invalid', `The module can not be linked: ${error.message}`, { cause: error });
    if (error instanceof WebAssembly.RuntimeError) throw new NanosError('module_invalid', `A data or element segment of the module does not fit: ${error.message}`, { cause: error });
    throw error;
  }
}
