/** The agent ABI (docs/syscall-abi.md) from the host's side: the three imports, and the way in. Everything that comes from the guest is checked here, and nothing here knows what a syscall means. */
import { PENDING, type ReplyStatus } from '../../protocol/agent/syscalls.ts';
import type { Activation, AgentGuest, GuestHost } from './agent-guest.ts';
import type { RunEnd } from '../../protocol/agent/recording.ts';
import { GuestInstance, type Outcome } from '../../sandbox/wasm/guest-instance.ts';
import type { GuestState } from '../../sandbox/wasm/snapshot/guest-state.ts';
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import type { WasmImports } from '../../sandbox/wasm/web-assembly.ts';
import { RUN_LIMITS } from './run-limits.ts';
import { RunStop, abiFault, checkLimit } from './run-stop.ts';

export interface GuestPortOptions {
  readonly memoryPagesMax: number;
}

export class GuestPort implements AgentGuest {
  readonly instance: GuestInstance;
  readonly snapshotRefusal: string | undefined;
  #host: GuestHost | undefined;
  #allocating = false;

  /** Without a `host` it can be restored, but runs only once it has one. */
  constructor(module: MeteredModule, host: GuestHost | undefined, options: GuestPortOptions) {
    this.#host = host;
    this.snapshotRefusal = module.snapshotRefusal;
    const imports: WasmImports = {
      nanos: {
        syscall: (op: number, id: number, pointer: number, length: number) => this.#syscall(op, id, pointer, length),
        clock: () => this.#attached().clock(),
        random: (pointer: number, length: number) => this.#random(pointer, length),
      },
    };
    this.instance = GuestInstance.create(module, imports, options);
  }

  /** Gives it its host, once. */
  attach(host: GuestHost): this {
    if (this.#host !== undefined) throw new Error('A guest has one host');
    this.#host = host;
    return this;
  }

  #attached(): GuestHost {
    if (this.#host === undefined) throw new Error('A guest was entered before it had a host');
    return this.#host;
  }

  get memoryPages(): number {
    return this.instance.memoryPages;
  }

  state(): GuestState {
    return this.instance.state();
  }

  close(): void {}

  start(fuelMax: bigint): Activation {
    return this.#enter(fuelMax, 0n, 'nanos_start');
  }

  resume(fuelMax: bigint, id: number, status: ReplyStatus, body: Uint8Array): Activation {
    if (body.length === 0) return this.#enter(fuelMax, 0n, 'nanos_resume', id, status, 0, 0);
    const allocated = this.#whileAllocating(() => this.#outcome(fuelMax, 'nanos_alloc', body.length));
    const fuel = this.instance.fuelUsed;
    if (allocated.kind === 'stopped') return { ...allocated, fuel };
    const pointer = toPointer(allocated.value);
    const misplaced = this.#place(pointer, body);
    if (misplaced !== undefined) return { kind: 'stopped', fuel, end: misplaced.end, message: misplaced.message };
    return this.#enter(fuelMax, fuel, 'nanos_resume', id, status, pointer, body.length);
  }

  #enter(fuelMax: bigint, fuelUsed: bigint, name: string, ...args: readonly number[]): Activation {
    const outcome = this.#outcome(fuelMax - fuelUsed, name, ...args);
    const fuel = fuelUsed + this.instance.fuelUsed;
    return outcome.kind === 'stopped' ? { ...outcome, fuel } : { kind: 'rested', fuel, status: Number(outcome.value) };
  }

  #outcome(fuelMax: bigint, name: string, ...args: readonly number[]): Outcome | { readonly kind: 'stopped'; readonly end: RunEnd; readonly message: string } {
    try {
      return this.instance.enter(fuelMax, name, ...args);
    } catch (error) {
      if (error instanceof RunStop) return { kind: 'stopped', end: error.end, message: error.message };
      throw error;
    }
  }

  #syscall(op: number, id: number, pointer: number, length: number): bigint {
    if (this.#allocating) throw abiFault('The agent made a syscall inside nanos_alloc');
    const args = this.#range(pointer, length, 'The arguments of a syscall');
    const reply = this.#attached().syscall(op, id, args.length > RUN_LIMITS.argumentBytesMax ? undefined : args.slice());
    if (reply === undefined) return PENDING;
    if (reply.length === 0) return 0n;
    const allocated = toPointer(this.#whileAllocating(() => this.instance.call('nanos_alloc', reply.length)));
    const misplaced = this.#place(allocated, reply);
    if (misplaced !== undefined) throw misplaced;
    return (BigInt(allocated) << 32n) | BigInt(reply.length);
  }

  #random(pointer: number, length: number): void {
    checkLimit('randomBytesMax', length >>> 0);
    this.#range(pointer, length, 'The target of random bytes').set(this.#attached().random(length >>> 0));
  }

  /** No syscall may be made meanwhile. */
  #whileAllocating<T>(call: () => T): T {
    this.#allocating = true;
    try {
      return call();
    } finally {
      this.#allocating = false;
    }
  }

  /** Writes a reply to where the guest wants it, or says why it can't be there. */
  #place(pointer: number, bytes: Uint8Array): RunStop | undefined {
    if (pointer === 0) return new RunStop('memory_limit', `The agent has no memory for a reply of ${bytes.length} bytes`);
    const { memory } = this.instance;
    if (pointer + bytes.length > memory.length) return abiFault('nanos_alloc returned a place outside of memory');
    memory.set(bytes, pointer);
    return undefined;
  }

  #range(pointer: number, length: number, what: string): Uint8Array {
    const start = pointer >>> 0;
    const end = start + (length >>> 0);
    const { memory } = this.instance;
    if (end > memory.length) throw abiFault(`${what} lie outside of memory`);
    return memory.subarray(start, end);
  }
}

function toPointer(value: number | bigint | undefined): number {
  return Number(value) >>> 0;
}
