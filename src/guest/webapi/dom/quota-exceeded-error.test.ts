import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DOMException, installDom, QuotaExceededError } from './index.ts';

installDom({});

test('it is a DOMException with amounts', () => {
  const error = new QuotaExceededError('too much', { quota: 5, requested: 7.5 });
  assert.deepEqual([error.name, error.message, error.code, error.quota, error.requested], ['QuotaExceededError', 'too much', 22, 5, 7.5]);
  assert.ok(error instanceof DOMException && error instanceof Error);
  assert.deepEqual([new QuotaExceededError().quota, new QuotaExceededError('', { quota: undefined }).requested], [null, null]);
  assert.equal(Object.prototype.toString.call(error), '[object QuotaExceededError]');
});

test('amounts that can not be are refused', () => {
  for (const options of [{ quota: -1 }, { requested: -1 }, { quota: 3, requested: 2 }]) assert.throws(() => new QuotaExceededError('', options), RangeError);
  for (const options of [{ quota: Number.NaN }, { requested: Infinity }, { quota: 1n }, 'text']) assert.throws(() => new QuotaExceededError('', options), TypeError);
});
