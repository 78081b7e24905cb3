/** setTimeout and its kin, https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#timers. Each waiting timer is a pending syscall. */
import { begin, giveUp } from './calls.ts';
import { reportFailure } from './failure.ts';

type Callback = (...args: never[]) => unknown;

const DELAY_MS_MAX = 0x7fff_ffff;

/** The syscall that each handle waits for; an interval's changes with every tick. */
const waiting = new Map<number, number>();
let lastHandle = 0;

/** Returns the handle. */
export function startTimer(delayMs: number, run: () => void): number {
  const handle = ++lastHandle;
  wait(handle, delayMs, () => {
    waiting.delete(handle);
    run();
  });
  return handle;
}

function wait(handle: number, delayMs: number, run: () => void): void {
  const ms = delayMs > 0 && delayMs <= DELAY_MS_MAX ? Math.trunc(delayMs) : 0;
  waiting.set(handle, begin('timer', { ms }, () => void (waiting.has(handle) && run())));
}

export function clearTimer(handle: unknown): void {
  const id = waiting.get(handle as number);
  if (id === undefined) return;
  waiting.delete(handle as number);
  giveUp(id);
}

/** What a callback throws fails the agent. */
export function guarded(callback: unknown, args: readonly unknown[]): () => void {
  if (typeof callback !== 'function') throw new TypeError('The callback is not a function');
  return () => {
    try {
      Reflect.apply(callback as Callback, undefined, args);
    } catch (error) {
      reportFailure(error);
    }
  };
}

export function setTimeout(callback: unknown, delayMs: unknown = 0, ...args: unknown[]): number {
  return startTimer(Number(delayMs), guarded(callback, args));
}

export function setInterval(callback: unknown, delayMs: unknown = 0, ...args: unknown[]): number {
  const run = guarded(callback, args);
  const handle = ++lastHandle;
  const tick = (): void => {
    wait(handle, Number(delayMs), tick);
    run();
  };
  wait(handle, Number(delayMs), tick);
  return handle;
}

export function queueMicrotask(callback: unknown): void {
  void Promise.resolve().then(guarded(callback, []));
}
