import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enterAt } from '../../kernel/clock.ts';
import { bindTimerQueue, TimerQueue } from '../timers/index.ts';
import { AbortController, AbortSignal, addAbortAlgorithm, Event, installDom } from './index.ts';

installDom({});

let nowMs = 1000;
enterAt(nowMs);
const queue = new TimerQueue({
  now: () => nowMs,
  scheduleWake: () => undefined,
  currentRequest: () => 0,
  withRequest: (_requestId, callback) => callback(),
  reportException(error) {
    throw error;
  },
});
bindTimerQueue(queue);

type Classes = Pick<typeof globalThis, 'AbortController' | 'AbortSignal'>;

function both(scenario: (classes: Classes, trace: (entry: unknown) => void) => void): void {
  const traces = [{ AbortController, AbortSignal }, globalThis].map((classes) => {
    const entries: unknown[] = [];
    scenario(classes as unknown as Classes, (entry) => entries.push(entry));
    return entries;
  });
  assert.deepEqual(traces[0], traces[1]);
  assert.ok((traces[0]?.length ?? 0) > 0);
}

test('a controller aborts its signal once', () => {
  both(({ AbortController }, trace) => {
    const controller = new AbortController();
    const { signal } = controller;
    signal.onabort = (event) => trace(['handler', event.type, event.target === signal]);
    signal.addEventListener('abort', () => trace('listener'));
    trace([signal.aborted, signal.reason]);
    controller.abort('why');
    controller.abort('again');
    trace([signal.aborted, signal.reason, controller.signal === signal]);
  });
});

test('reasons', () => {
  both(({ AbortController, AbortSignal }, trace) => {
    for (const reason of [undefined, null, 0, 'text']) {
      const controller = new AbortController();
      controller.abort(reason);
      const { reason: given } = controller.signal as { reason: unknown };
      trace(given === null || typeof given !== 'object' ? given : (given as Error).name);
      const aborted = AbortSignal.abort(reason) as { reason: unknown; aborted: boolean };
      trace([aborted.aborted, typeof aborted.reason]);
    }
    try {
      AbortSignal.abort('thrown').throwIfAborted();
    } catch (error) {
      trace(error);
    }
    trace(new AbortController().signal.throwIfAborted());
  });
});

test('any follows the first source that is aborted', () => {
  both(({ AbortController, AbortSignal }, trace) => {
    const [a, b] = [new AbortController(), new AbortController()];
    const any = AbortSignal.any([a.signal, b.signal]);
    const nested = AbortSignal.any([any, AbortSignal.any([])]);
    for (const [name, signal] of Object.entries({ any, nested, a: a.signal })) signal.addEventListener('abort', () => trace([name, any.aborted, nested.aborted]));
    b.abort('from b');
    a.abort('from a');
    trace([any.reason, nested.reason]);
    const late = AbortSignal.any([a.signal, b.signal]);
    trace([late.aborted, late.reason, AbortSignal.any([]).aborted]);
  });
});

test('any without listeners knows which source came first', () => {
  const [a, b] = [new AbortController(), new AbortController()];
  const any = AbortSignal.any([a.signal, b.signal]);
  b.abort('b');
  a.abort('a');
  assert.equal(any.reason, 'b');
  let calls = 0;
  any.addEventListener('abort', () => calls++);
  addAbortAlgorithm(any, () => calls++);
  assert.equal(calls, 0);
});

test('dependents fire in the order in which they were made, all aborted before the first listener runs', () => {
  const controller = new AbortController();
  const [first, second] = [AbortSignal.any([controller.signal]), AbortSignal.any([controller.signal])];
  const order: unknown[] = [];
  second.addEventListener('abort', () => order.push(['second', first.aborted]));
  first.addEventListener('abort', () => order.push(['first', second.aborted]));
  controller.signal.addEventListener('abort', () => order.push(['source', first.aborted, second.aborted]));
  controller.abort();
  assert.deepEqual(order, [['source', true, true], ['first', true], ['second', true]]);
});

test('a dependent without listeners is not held by its sources', () => {
  const controller = new AbortController();
  const signal = AbortSignal.any([controller.signal]);
  const heard: string[] = [];
  const listener = (): void => void heard.push('listener');
  signal.addEventListener('abort', listener);
  signal.removeEventListener('abort', listener);
  const remove = addAbortAlgorithm(signal, () => heard.push('algorithm'));
  remove();
  controller.abort();
  assert.deepEqual([heard, signal.aborted], [[], true]);
});

test('algorithms run before listeners, and not once removed', () => {
  const controller = new AbortController();
  const order: string[] = [];
  controller.signal.addEventListener('abort', () => order.push('event'));
  addAbortAlgorithm(controller.signal, () => order.push('algorithm'));
  addAbortAlgorithm(controller.signal, () => order.push('removed'))();
  controller.abort();
  assert.deepEqual(order, ['algorithm', 'event']);
});

test('timeout aborts with a TimeoutError when its time has come', () => {
  const signal = AbortSignal.timeout(50);
  const dependent = AbortSignal.any([signal]);
  let heard = 0;
  dependent.onabort = () => heard++;
  nowMs += 49;
  queue.runDue();
  assert.equal(signal.aborted, false);
  nowMs += 1;
  queue.runDue();
  assert.deepEqual([signal.aborted, (signal.reason as Error).name, dependent.reason === signal.reason, heard], [true, 'TimeoutError', true, 1]);
  for (const wrong of [-1, Number.NaN, Infinity, 2 ** 54]) assert.throws(() => AbortSignal.timeout(wrong), TypeError);
});

test('signals are not made with new, and arguments are checked', () => {
  assert.throws(() => new AbortSignal(), TypeError);
  assert.throws(() => AbortSignal.any([{}]), TypeError);
  assert.throws(() => AbortSignal.any(5), TypeError);
  assert.throws(() => Reflect.get(AbortSignal.prototype, 'aborted', {}), TypeError);
  assert.throws(() => Reflect.get(AbortSignal.prototype, 'onabort', new Event('x')), TypeError);
});
