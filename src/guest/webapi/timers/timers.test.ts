import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enterAt } from '../../kernel/clock.ts';
import { bindHostCalls, type HostCalls } from '../../kernel/host-calls.ts';
import { AbortController, installDom } from '../dom/index.ts';
import { bindTimerQueue, installTimers, liveTimersMax, TimerQueue } from './index.ts';

const logged: string[] = [];
bindHostCalls({ log: (_level, text) => void logged.push(text) } as HostCalls);
installDom({});

type Timers = {
  setTimeout(...values: unknown[]): number;
  setInterval(...values: unknown[]): number;
  clearTimeout(id?: unknown): void;
  queueMicrotask(...values: unknown[]): void;
  scheduler: { wait(...values: unknown[]): Promise<void> };
};
const global = {} as Timers & Record<string, unknown>;
installTimers(global);
const { setTimeout, setInterval, clearTimeout, queueMicrotask, scheduler } = global;

test('at top level there are no timers', () => {
  assert.throws(() => setTimeout(() => 1), /global scope/);
  assert.equal(clearTimeout(1), undefined);
});

/** A queue of its own, and a host that enters when it was asked to. */
function start(inTurn: (run: () => void) => void = (run) => run()): { advance(ms: number): void; wakes: (readonly [number | null, number])[]; request: { current: number }; errors: unknown[] } {
  enterAt(1);
  const state = { nowMs: 1000, wakes: [] as (readonly [number | null, number])[], request: { current: 1 }, errors: [] as unknown[] };
  let wakeMs: number | null = null;
  const queue = new TimerQueue({
    now: () => state.nowMs,
    scheduleWake(timeMs, requestId) {
      wakeMs = timeMs;
      state.wakes.push([timeMs, requestId]);
    },
    currentRequest: () => state.request.current,
    withRequest(requestId, callback) {
      inTurn(() => {
        state.request.current = requestId;
        callback();
      });
    },
    reportException: (error) => void state.errors.push(error),
  });
  bindTimerQueue(queue);
  const advance = (ms: number): void => {
    const untilMs = state.nowMs + ms;
    while (wakeMs !== null && wakeMs <= untilMs) {
      state.nowMs = Math.max(wakeMs, state.nowMs);
      wakeMs = null;
      queue.runDue();
    }
    state.nowMs = untilMs;
  };
  return { ...state, advance };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await Promise.resolve();
}

test('timers run in order of their time, then of their making', () => {
  const { advance } = start();
  const order: unknown[] = [];
  setTimeout((...values: unknown[]) => order.push(values), 20, 'late', 1);
  setTimeout(() => order.push('a'), 10);
  setTimeout(() => order.push('b'), 10);
  setTimeout(() => order.push('now'));
  setTimeout(() => order.push('negative'), -5);
  setTimeout(() => order.push('wrapped'), 2 ** 32);
  assert.deepEqual(order, []);
  advance(9);
  assert.deepEqual(order, ['now', 'negative', 'wrapped']);
  advance(20);
  assert.deepEqual(order.slice(3), ['a', 'b', ['late', 1]]);
});

test('many timers, cleared and not, come in order', () => {
  const { advance } = start();
  const delays = Array.from({ length: 500 }, (_, i) => (i * 7919) % 503);
  const seen: number[] = [];
  const ids = delays.map((delay) => setTimeout(() => seen.push(delay), delay));
  ids.forEach((id, index) => index % 3 === 0 && clearTimeout(id));
  advance(1000);
  assert.deepEqual(seen, delays.filter((_, index) => index % 3 !== 0).toSorted((a, b) => a - b));
});

test('intervals repeat until they are cleared, also by themselves', () => {
  const { advance } = start();
  let runs = 0;
  const id = setInterval(() => {
    if (++runs === 3) clearTimeout(id);
  }, 10);
  advance(100);
  assert.equal(runs, 3);
  let fast = 0;
  const zero = setInterval(() => fast++, 0);
  advance(5);
  clearTimeout(zero);
  assert.equal(fast, 5, 'an interval is at least 1 ms');
});

test('a timer set by a timer waits for the next entry', () => {
  const { advance } = start();
  let runs = 0;
  const again = (): void => {
    if (++runs < 5) setTimeout(again, 0);
  };
  setTimeout(again, 0);
  advance(0);
  assert.equal(runs, 5);
});

test('one entry runs one timer of each request, on its behalf', () => {
  const { advance, request, wakes } = start();
  const seen: string[] = [];
  for (const [requestId, name] of [[1, 'a'], [2, 'b'], [1, 'c'], [3, 'd']] as const) {
    request.current = requestId;
    setTimeout(() => seen.push(`${name}${request.current}`), 5);
  }
  const before = wakes.length;
  advance(5);
  assert.deepEqual(seen, ['a1', 'b2', 'c1', 'd3']);
  assert.deepEqual(wakes.slice(before), [[1005, 1]]);
});

test('a timer that is due can be cleared by one that runs before it, also when its turn comes later', async () => {
  for (const inTurn of [(run: () => void) => run(), (run: () => void) => void Promise.resolve().then(run)]) {
    const { advance, request } = start(inTurn);
    const seen: string[] = [];
    request.current = 1;
    setTimeout(() => {
      seen.push('first');
      for (const id of [once, interval]) clearTimeout(id);
    }, 5);
    request.current = 2;
    const once = setTimeout(() => seen.push('once'), 5);
    request.current = 3;
    const interval = setInterval(() => seen.push('interval'), 5);
    request.current = 4;
    setTimeout(() => seen.push('last'), 5);
    advance(5);
    await settled();
    advance(50);
    await settled();
    assert.deepEqual(seen, ['first', 'last']);
  }
});

test('an interval whose turn comes later repeats, until it is cleared in between', async () => {
  const { advance, wakes } = start((run) => void Promise.resolve().then(run));
  let runs = 0;
  const id = setInterval(() => runs++, 10);
  for (let i = 0; i < 3; i++) {
    advance(10);
    await settled();
  }
  assert.equal(runs, 3);
  assert.deepEqual(wakes.at(-1), [1040, 1]);
  advance(10);
  clearTimeout(id);
  await settled();
  advance(50);
  await settled();
  assert.equal(runs, 3);
  assert.deepEqual(wakes.at(-1), [1040, 1], 'the host was not asked again');
});

test('the host is asked for the earliest time alone', () => {
  const { wakes } = start();
  const late = setTimeout(() => 1, 50);
  const early = setTimeout(() => 1, 10);
  setTimeout(() => 1, 30);
  clearTimeout(early);
  clearTimeout(late);
  assert.deepEqual(wakes, [[1050, 1], [1010, 1], [1030, 1]]);
});

test('an error in a callback does not stop the others', () => {
  const { advance, errors } = start();
  const seen: string[] = [];
  setTimeout(() => { throw new Error('from a timer'); }, 1);
  setTimeout(() => seen.push('next'), 1);
  advance(1);
  assert.deepEqual([seen, errors.map(String)], [['next'], ['Error: from a timer']]);
});

test('ids are positive, and unknown ones are ignored', () => {
  const { advance } = start();
  const [first, second] = [setTimeout(() => 1), setTimeout(() => 1)];
  assert.ok(first > 0 && second > first);
  for (const id of [undefined, null, 'x', {}, -1, 1e9, Number.NaN]) clearTimeout(id);
  advance(0);
  clearTimeout(first);
});

test('too many timers are a RangeError', () => {
  const { advance } = start();
  for (let i = 0; i < liveTimersMax; i++) setTimeout(() => 1, 1);
  assert.throws(() => setTimeout(() => 1), { name: 'RangeError', message: /at most 10000/ });
  advance(1);
  setTimeout(() => 1);
});

test('handlers must be functions', () => {
  start();
  for (const wrong of ['alert(1)', null, undefined, {}]) {
    for (const set of [setTimeout, setInterval, queueMicrotask]) assert.throws(() => set(wrong), TypeError);
  }
});

test('microtasks run soon, and their errors are logged', async () => {
  const seen: string[] = [];
  queueMicrotask(() => { throw new Error('from a microtask'); });
  queueMicrotask(() => seen.push('next'));
  await Promise.resolve();
  await Promise.resolve();
  assert.deepEqual(seen, ['next']);
  assert.match(logged.join(), /^Uncaught Error: from a microtask/);
});

test('scheduler.wait resolves in time and rejects with the reason of its signal', async () => {
  const { advance, wakes } = start();
  const waited = scheduler.wait(10);
  advance(10);
  assert.equal(await waited, undefined);
  const controller = new AbortController();
  const aborted = scheduler.wait(10, { signal: controller.signal });
  controller.abort('enough');
  await assert.rejects(aborted, (error) => error === 'enough');
  assert.equal(wakes.at(-1)?.[0], null, 'nothing is left to wait for');
  await assert.rejects(scheduler.wait(1, { signal: controller.signal }), (error) => error === 'enough');
  await assert.rejects(scheduler.wait(1, { signal: {} }), TypeError);
});
