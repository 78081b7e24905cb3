import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import { toErrorData } from '../../protocol/errors.ts';
import { packPayload, unpackPayload } from '../../protocol/agent/payload.ts';
import { SYSCALL_ERROR_CODES, type SyscallErrorCode } from '../../protocol/agent/syscall-errors.ts';
import { REPLY_STATUS, SYSCALLS, type SyscallName } from '../../protocol/agent/syscalls.ts';
import type { GuestInstance, Outcome } from '../../sandbox/wasm/guest-instance.ts';
import type { LogLevel } from '../run/control-call.ts';
import { RUN_LIMITS } from '../run/run-limits.ts';
import { CallFailed, type BlockingCalls } from './blocking-calls.ts';
import type { FromGuestThread, ToGuestThread } from './guest-thread-messages.ts';

/** The guest waits for one reply at a time. */
const CALL_ID = 1;

type Order<T extends ToGuestThread['type']> = Extract<ToGuestThread, { type: T }>;
/** Omit, of each member of a union. */
type WithoutCharge<T> = T extends unknown ? Omit<T, 'fuel' | 'memoryPages'> : never;

/** The guest's end of the line to the run loop: what it asks goes out, and the thread sleeps until the answer is there. */
export class HostLine implements BlockingCalls {
  readonly #port: MessagePort;
  readonly #bell: Int32Array;
  #guest: GuestInstance | undefined;
  #clock = 0n;
  /** of this activation */
  #fuelMax = 0n;
  /** used in this activation by entries that are over */
  #fuelUsed = 0n;
  #inside = false;

  constructor(port: MessagePort, bell: SharedArrayBuffer) {
    this.#port = port;
    this.#bell = new Int32Array(bell);
  }

  /** Waits until the run begins. */
  start(guest: GuestInstance): void {
    this.#guest = guest;
    const { fuelMax, clock } = this.#await('start');
    this.#fuelMax = fuelMax;
    this.#clock = clock;
  }

  /** Calls an export of the guest with the fuel that is left. */
  enter(guest: GuestInstance, name: string): Outcome {
    this.#inside = true;
    try {
      return guest.enter(this.#fuelMax - this.#fuelUsed, name);
    } finally {
      this.#inside = false;
      this.#fuelUsed += guest.fuelUsed;
    }
  }

  over(outcome: Outcome): void {
    this.#tell({ type: 'over', outcome });
  }

  failed(error: unknown): void {
    this.#tell({ type: 'failed', error: toErrorData(error) });
  }

  call(name: SyscallName, head: object, body?: Uint8Array): Uint8Array {
    const args = packPayload(head, body);
    const tooLong = args.length > RUN_LIMITS.argumentBytesMax;
    this.#tell({ type: 'syscall', op: SYSCALLS[name].op, id: CALL_ID, args: tooLong ? undefined : args });
    const answer = this.#await('inline', 'resume');
    if (answer.type === 'inline') return answer.body;
    this.#goOn(answer);
    if (answer.status === REPLY_STATUS.result) return answer.body;
    throw callFailed(answer.body);
  }

  log(level: LogLevel, text: Uint8Array): void {
    this.#tell({ type: 'syscall', op: SYSCALLS.log.op, id: 0, args: packPayload({ level }, text) });
    this.#await('inline');
  }

  exit(code: number): never {
    this.#tell({ type: 'syscall', op: SYSCALLS.exit.op, id: 0, args: packPayload({ code }) });
    this.#await('inline');
    throw new Error('A run went on after it ended');
  }

  clock(): bigint {
    return this.#clock;
  }

  random(length: number): Uint8Array {
    this.#tell({ type: 'random', length });
    return this.#await('inline').body;
  }

  #goOn({ fuelMax, clock }: Order<'resume'>): void {
    this.#clock = clock;
    this.#fuelMax = fuelMax;
    this.#fuelUsed = 0n;
    if (this.#inside) this.#guest?.refuel(fuelMax);
  }

  #tell(message: WithoutCharge<FromGuestThread>): void {
    const fuel = this.#fuelUsed + (this.#inside ? (this.#guest?.fuelUsed ?? 0n) : 0n);
    const charged: FromGuestThread = { ...message, fuel, memoryPages: this.#guest?.memoryPages ?? 0 };
    this.#port.postMessage(charged, []);
  }

  #await<T extends ToGuestThread['type']>(...types: readonly T[]): Order<T> {
    for (;;) {
      const seen = Atomics.load(this.#bell, 0);
      const received = receiveMessageOnPort(this.#port);
      if (received !== undefined) return expected(received.message, types);
      Atomics.wait(this.#bell, 0, seen);
    }
  }
}

function expected<T extends ToGuestThread['type']>(order: ToGuestThread, types: readonly T[]): Order<T> {
  const found = types.some((type) => type === order.type);
  if (!found) throw new Error(`The run loop said ${order.type} where ${types.join(' or ')} was due`);
  return order as Order<T>;
}

function callFailed(body: Uint8Array): CallFailed {
  const { code, message } = unpackPayload(body).head as { code: string; message: string };
  const known = SYSCALL_ERROR_CODES.find((one) => one === code) ?? ('io_failed' satisfies SyscallErrorCode);
  return new CallFailed(known, message);
}
