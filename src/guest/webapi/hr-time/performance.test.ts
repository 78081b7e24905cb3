import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enterAt } from '../../kernel/clock.ts';
import { EventTarget } from '../dom/index.ts';
import { installHrTime } from './index.ts';
import type { Performance } from './performance.ts';

const global: Record<string, unknown> = {};
installHrTime(global);
const performance = global.performance as Performance;

test('the clock stands still between entries', () => {
  assert.equal(performance.now(), 0);
  enterAt(1234.5);
  assert.deepEqual([performance.now(), performance.now()], [1234.5, 1234.5]);
});

test('the origin is the epoch', () => {
  assert.equal(performance.timeOrigin, 0);
  assert.equal(JSON.stringify(performance), '{"timeOrigin":0}');
});

test('it is an event target that can not be constructed', () => {
  assert.ok(performance instanceof EventTarget);
  assert.throws(() => new (global.Performance as typeof Performance)(), TypeError);
  assert.equal(Object.prototype.toString.call(performance), '[object Performance]');
  assert.throws(() => Reflect.apply(performance.now, {}, []), undefined);
});
