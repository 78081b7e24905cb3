/** WASI preview 1: arguments, clocks, random bytes, waiting, ending. */
import { CLOCK, CLOCK_ABSTIME, EVENT } from './wasi-constants.ts';
import type { WasiContext, WasiFunctions } from './wasi-context.ts';
import { ERRNO, WasiError, type Errno } from './wasi-errno.ts';
import { WASI_LIMITS } from './wasi-limits.ts';

/** What `argv[0]` says. */
const PROGRAM = 'agent';
const CLOCK_RESOLUTION_NS = 1_000n;
const MS_NS = 1_000_000;
/** The longest that a syscall waits. */
const WAIT_MS_MAX = 2_147_483_647;
const RANDOM_BYTES_MAX = 65_536;
const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;

interface Subscription {
  readonly userdata: bigint;
  readonly type: number;
  /** of a clock: how long from now */
  readonly waitNs: bigint;
  readonly errno: Errno;
}

export function processFunctions({ calls, memory, descriptors }: WasiContext, atExit: () => void): WasiFunctions {
  let given: readonly Uint8Array[] | undefined;
  let readings = 0;
  let lastReading = -1n;
  /** The goal is the one argument. */
  const args = (): readonly Uint8Array[] => (given ??= argumentStrings(calls.call('goal', {})));

  /** Time stands still while a guest runs: one that reads it in a loop, and so waits, is made to wait. */
  const now = (): bigint => {
    readings = calls.clock() === lastReading ? readings + 1 : 1;
    if (readings > WASI_LIMITS.clockReadingsMax) calls.call('timer', { ms: 1 });
    lastReading = calls.clock();
    return lastReading;
  };

  const subscription = (at: number): Subscription => {
    const userdata = memory.getU64(at);
    const type = memory.getU8(at + 8);
    if (type === EVENT.clock) return { userdata, type, ...clockWait(memory.getU32(at + 16), memory.getU64(at + 24), memory.getU16(at + 40), calls.clock()) };
    if (type !== EVENT.fdRead && type !== EVENT.fdWrite) throw new WasiError('inval');
    return { userdata, type, waitNs: 0n, errno: streamErrno(() => descriptors.get(memory.getU32(at + 16), 'pollFdReadwrite')) };
  };

  return {
    args_get: (pointers: number, buffer: number) => {
      let at = buffer;
      for (const [index, text] of args().entries()) {
        memory.setU32(pointers + 4 * index, at);
        memory.write(at, text);
        at += text.length;
      }
    },
    args_sizes_get: (count: number, bytes: number) => {
      memory.setU32(count, args().length);
      memory.setU32(bytes, args().reduce((sum, text) => sum + text.length, 0));
    },
    environ_get: () => undefined,
    environ_sizes_get: (count: number, bytes: number) => {
      memory.setU32(count, 0);
      memory.setU32(bytes, 0);
    },
    clock_res_get: (clock: number, result: number) => {
      requireClock(clock);
      memory.setU64(result, CLOCK_RESOLUTION_NS);
    },
    clock_time_get: (clock: number, _precision: bigint, result: number) => {
      requireClock(clock);
      memory.setU64(result, now());
    },
    random_get: (pointer: number, length: number) => {
      const target = memory.view(pointer, length);
      for (let at = 0; at < target.length; at += RANDOM_BYTES_MAX) target.set(calls.random(Math.min(RANDOM_BYTES_MAX, target.length - at)), at);
    },
    sched_yield: () => undefined,
    proc_exit: (code: number) => {
      atExit();
      calls.exit(code);
    },
    poll_oneoff: (subscriptions: number, events: number, count: number, result: number) => {
      if (count >>> 0 === 0 || count >>> 0 > WASI_LIMITS.subscriptionsMax) throw new WasiError('inval');
      memory.view(events, count * EVENT_BYTES);
      const all = Array.from({ length: count }, (_, index) => subscription(subscriptions + index * SUBSCRIPTION_BYTES));
      const waitNs = all.reduce((least, one) => (one.waitNs < least ? one.waitNs : least), all[0]?.waitNs ?? 0n);
      if (waitNs > 0n) calls.call('timer', { ms: Math.min(Number(waitNs) / MS_NS, WAIT_MS_MAX) });
      const ready = all.filter((one) => one.waitNs <= waitNs);
      for (const [index, { userdata, type, errno }] of ready.entries()) {
        const at = events + index * EVENT_BYTES;
        memory.view(at, EVENT_BYTES).fill(0);
        memory.setU64(at, userdata);
        memory.view(at + 8, 3).set([ERRNO[errno], 0, type]);
        if (type !== EVENT.clock && errno === 'success') memory.setU64(at + 16, 1n);
      }
      memory.setU32(result, ready.length);
    },
  };
}

/** NUL at the end of each. */
function argumentStrings(goal: Uint8Array): readonly Uint8Array[] {
  const texts = goal.length === 0 ? [PROGRAM] : [PROGRAM, Buffer.from(goal).toString('utf8').replaceAll('\0', ' ')];
  return texts.map((text) => new TextEncoder().encode(`${text}\0`));
}

function requireClock(clock: number): void {
  if (clock === CLOCK.processCpu || clock === CLOCK.threadCpu) throw new WasiError('notsup');
  if (clock !== CLOCK.realtime && clock !== CLOCK.monotonic) throw new WasiError('inval');
}

function clockWait(clock: number, timeoutNs: bigint, flags: number, now: bigint): Pick<Subscription, 'waitNs' | 'errno'> {
  if (clock !== CLOCK.realtime && clock !== CLOCK.monotonic) return { waitNs: 0n, errno: 'inval' };
  const waitNs = (flags & CLOCK_ABSTIME) === 0 ? timeoutNs : timeoutNs - now;
  return { waitNs: waitNs < 0n ? 0n : waitNs, errno: 'success' };
}

function streamErrno(look: () => void): Errno {
  try {
    look();
    return 'success';
  } catch (error) {
    if (error instanceof WasiError) return error.errno;
    throw error;
  }
}
