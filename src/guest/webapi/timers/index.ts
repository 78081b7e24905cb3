import { isHandling } from '../../kernel/clock.ts';
import { reportException } from '../console/report-exception.ts';
import { defineGlobal, exposeInterface, requireArguments, toInteger } from '../webidl.ts';
import { Scheduler, scheduler } from './scheduler.ts';
import { timerQueue } from './timer-queue.ts';

export { bindTimerQueue, liveTimersMax, TimerQueue } from './timer-queue.ts';

export function installTimers(global: Record<string, unknown>): void {
  const operations = { setTimeout, setInterval, clearTimeout, clearInterval, queueMicrotask };
  for (const [name, operation] of Object.entries(operations)) defineGlobal(global, name, operation, true);
  exposeInterface(global, 'Scheduler', Scheduler);
  defineGlobal(global, 'scheduler', scheduler, true);
}

type Handler = (...values: unknown[]) => unknown;

function toHandler(value: unknown, operation: string): Handler {
  if (typeof value !== 'function') throw new TypeError(`${operation}: the handler is not a function`);
  return value as Handler;
}

/** https://html.spec.whatwg.org/#timer-initialisation-steps; a handler given as source text is refused. */
function setTimer(handler: Handler, delayMs: unknown, values: unknown[], repeat: boolean): number {
  const delay = Math.max(toInteger(delayMs, 32, true), 0);
  return timerQueue().set(() => Reflect.apply(handler, globalThis, values), delay, repeat);
}

function setTimeout(handler: unknown, delayMs: unknown = undefined, ...values: unknown[]): number {
  requireArguments(arguments.length, 1, 'setTimeout');
  return setTimer(toHandler(handler, 'setTimeout'), delayMs, values, false);
}

function setInterval(handler: unknown, delayMs: unknown = undefined, ...values: unknown[]): number {
  requireArguments(arguments.length, 1, 'setInterval');
  return setTimer(toHandler(handler, 'setInterval'), delayMs, values, true);
}

function clearTimeout(id: unknown = undefined): void {
  clearTimer(id);
}

function clearInterval(id: unknown = undefined): void {
  clearTimer(id);
}

function clearTimer(id: unknown): void {
  const timerId = toInteger(id, 32, true);
  if (timerId > 0 && isHandling()) timerQueue().clear(timerId);
}

const resolved = Promise.resolve();

/** https://html.spec.whatwg.org/#dom-queuemicrotask */
function queueMicrotask(callback: unknown): void {
  requireArguments(arguments.length, 1, 'queueMicrotask');
  const handler = toHandler(callback, 'queueMicrotask');
  void resolved.then(() => runMicrotask(handler));
}

function runMicrotask(handler: Handler): void {
  try {
    Reflect.apply(handler, undefined, []);
  } catch (error) {
    reportException(error);
  }
}
