import { Worker } from 'node:worker_threads';
import type { ReplyStatus } from '../../protocol/agent/syscalls.ts';
import { REPLY_STATUS } from '../../protocol/agent/syscalls.ts';
import { NanosError, fromErrorData } from '../../protocol/errors.ts';
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import type { GuestState } from '../../sandbox/wasm/snapshot/guest-state.ts';
import { ownFile } from '../../util/own-file.ts';
import type { Activation, AgentGuest, GuestHost } from '../run/agent-guest.ts';
import { RunStop } from '../run/run-stop.ts';
import type { FromGuestThread, GuestThreadData, ToGuestThread } from './guest-thread-messages.ts';

/** Guests may call 3 MB deep, which is counted; V8's own limit stands above that. */
const STACK_MB = 4;
const NOTHING = new Uint8Array(0);

interface Waiting {
  resolve(activation: Activation): void;
  reject(error: unknown): void;
}

/**
 * A guest whose calls block, on a thread of its own. To the run loop it looks like one that yields: it rests where it waits for a reply, its stack standing still in the thread, and goes on with that reply.
 * So the same gate, journal, budgets and replay hold. What can't be held is its state, because a stack can't be captured.
 */
export class BlockingGuest implements AgentGuest {
  readonly snapshotRefusal = 'waits with a live stack';
  readonly #host: GuestHost;
  readonly #data: GuestThreadData;
  readonly #bell: Int32Array;
  #memoryPages: number;
  #worker: Worker | undefined;
  #waiting: Waiting | undefined;

  /** Throws memory_limit when the module begins with more memory than it may have. */
  constructor(module: MeteredModule, entry: string, host: GuestHost, { memoryPagesMax }: { readonly memoryPagesMax: number }) {
    if (module.memoryPagesMin > memoryPagesMax) {
      throw new NanosError('memory_limit', `The agent needs ${module.memoryPagesMin} pages of memory and may have ${memoryPagesMax}: raise its memory limit to ${Math.ceil(module.memoryPagesMin / 16)} MB`);
    }
    this.#host = host;
    this.#memoryPages = module.memoryPagesMin;
    const bell = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    this.#bell = new Int32Array(bell);
    this.#data = { module: { ...module, bytes: NOTHING }, entry, memoryPagesMax, bell };
  }

  get memoryPages(): number {
    return this.#memoryPages;
  }

  start(fuelMax: bigint): Promise<Activation> {
    this.#worker = this.#startWorker();
    return this.#activate({ type: 'start', fuelMax, clock: this.#host.clock() });
  }

  resume(fuelMax: bigint, _id: number, status: ReplyStatus, body: Uint8Array): Promise<Activation> {
    // A guest that blocks asks for no parts, and could not take them one by one.
    if (status === REPLY_STATUS.chunk) return Promise.resolve({ kind: 'rested', fuel: 0n, status: 0 });
    return this.#activate({ type: 'resume', fuelMax, clock: this.#host.clock(), status, body });
  }

  state(): GuestState {
    throw new Error('A guest that waits with a live stack has no state that can be captured');
  }

  close(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#waiting = undefined;
    void worker?.terminate();
  }

  #startWorker(): Worker {
    const worker = new Worker(ownFile('guest-thread', import.meta.url), { workerData: this.#data, env: {}, resourceLimits: { stackSizeMb: STACK_MB } });
    worker.on('message', (message: FromGuestThread) => this.#hear(message));
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', () => this.#fail(new NanosError('internal', 'The thread of an agent ended by itself')));
    return worker;
  }

  #activate(order: ToGuestThread): Promise<Activation> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#tell(order);
    });
  }

  #tell(order: ToGuestThread): void {
    this.#worker?.postMessage(order);
    Atomics.add(this.#bell, 0, 1);
    Atomics.notify(this.#bell, 0);
  }

  #hear(message: FromGuestThread): void {
    if (this.#waiting === undefined) return;
    this.#memoryPages = message.memoryPages;
    const { fuel } = message;
    try {
      const activation = this.#obey(message);
      if (activation !== undefined) this.#settle(activation);
    } catch (error) {
      if (error instanceof RunStop) this.#settle({ kind: 'stopped', fuel, end: error.end, message: error.message });
      else this.#fail(error);
    }
  }

  /** How the activation ends by this message, if it does. */
  #obey(message: FromGuestThread): Activation | undefined {
    const { fuel } = message;
    if (message.type === 'failed') throw fromErrorData(message.error);
    if (message.type === 'over') {
      const { outcome } = message;
      return outcome.kind === 'stopped' ? { ...outcome, fuel } : { kind: 'rested', fuel, status: Number(outcome.value ?? 0) };
    }
    const body = message.type === 'random' ? this.#host.random(message.length) : this.#host.syscall(message.op, message.id, message.args);
    if (body === undefined) return { kind: 'rested', fuel, status: 0 };
    this.#tell({ type: 'inline', body });
    return undefined;
  }

  #settle(activation: Activation): void {
    this.#waiting?.resolve(activation);
    this.#waiting = undefined;
  }

  #fail(error: unknown): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
