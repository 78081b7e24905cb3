import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { bindHostCalls, type HostCalls } from '../../kernel/host-calls.ts';
import { reportException } from '../console/report-exception.ts';
import { ErrorEvent } from './error-event.ts';
import { globalTarget, installGlobalEvents, reportRejection } from './index.ts';
import { PromiseRejectionEvent } from './promise-rejection-event.ts';

const logged: string[] = [];
bindHostCalls({ log: (_level: string, text: string) => void logged.push(text) } as unknown as HostCalls);
const global: Record<string, unknown> = {};
installGlobalEvents(global);
beforeEach(() => void logged.splice(0));

function once(type: string, listener: (event: never) => void): void {
  globalTarget.addEventListener(type, listener, { once: true });
}

test('an exception is an event, and a line in the log unless a listener cancels it', () => {
  const error = new RangeError('too much');
  once('error', (event: ErrorEvent) => assert.deepEqual([event.error, event.message, event.isTrusted], [error, 'Uncaught RangeError: too much', true]));
  reportException(error);
  assert.match(logged.join(), /^Uncaught RangeError: too much/);
  logged.splice(0);
  once('error', (event: ErrorEvent) => event.preventDefault());
  reportException(error);
  assert.deepEqual(logged, []);
});

test('a listener that throws is logged and not fired again', () => {
  let calls = 0;
  once('error', () => {
    calls++;
    throw new Error('from the listener');
  });
  reportException('first');
  assert.equal(calls, 1);
  assert.deepEqual(logged.map((line) => line.split('\n')[0]), ['Uncaught Error: from the listener', "Uncaught 'first'"]);
});

test('onerror takes the error apart, and true means handled', () => {
  const seen: unknown[][] = [];
  const handler = (...values: unknown[]): boolean => seen.push(values) > 0;
  global['onerror'] = handler;
  assert.equal(global['onerror'], handler);
  const error = new Error('x');
  reportException(error);
  assert.deepEqual([seen, logged], [[['Uncaught Error: x', '', 0, 0, error]], []]);
  for (const value of ['text', null, undefined, 5]) {
    global['onerror'] = value;
    assert.equal(global['onerror'], null);
  }
  reportException(error);
  assert.equal(logged.length, 1);
});

test('a rejection is an event with a reason and a promise', async () => {
  const seen: PromiseRejectionEvent[] = [];
  global['onunhandledrejection'] = (event: PromiseRejectionEvent) => void seen.push(event);
  reportRejection('TypeError', 'why', 'TypeError: why\n    at app.js:1:1');
  assert.deepEqual(logged, ['Uncaught (in promise) TypeError: why\n    at app.js:1:1']);
  const [event] = seen;
  assert.ok(event?.reason instanceof TypeError && event.reason.stack?.endsWith('app.js:1:1'));
  await assert.rejects(event.promise as Promise<never>, event.reason);
  once('unhandledrejection', (second: PromiseRejectionEvent) => {
    assert.equal(second.reason, 'just text');
    second.preventDefault();
  });
  reportRejection('', 'just text', '');
  assert.equal(logged.length, 1);
  global['onunhandledrejection'] = null;
});

test('constructors check what they are given', () => {
  const { message, filename, lineno, colno, error } = new ErrorEvent('x', { message: 'm', filename: 'f\ud800', lineno: -1, colno: '7', error: null });
  assert.deepEqual({ message, filename, lineno, colno, error }, { message: 'm', filename: 'f\ufffd', lineno: 4_294_967_295, colno: 7, error: null });
  assert.throws(() => Reflect.construct(ErrorEvent, []), TypeError);
  for (const init of [undefined, {}, { promise: 5 }]) assert.throws(() => Reflect.construct(PromiseRejectionEvent, ['x', init]), TypeError);
  assert.throws(() => Reflect.construct(PromiseRejectionEvent, ['x']), TypeError);
  const mine = new Error('mine');
  const hostile = {
    get message(): string {
      throw mine;
    },
  };
  assert.throws(() => new ErrorEvent('x', hostile), mine);
});
