import assert from 'node:assert/strict';
import { test } from 'node:test';
import { undocumentedLosses } from './victims-losses.ts';

const nothing = { failures: [], retried: 0, inFlightAtCuts: [2] };
const resets = (count: number): string[] => Array.from({ length: count }, () => 'ECONNRESET');
const aborts = { aborts: true };
const harmless = { aborts: false };

test('a cell that dies loses what was in flight in it, and no more', () => {
  assert.deepEqual(undocumentedLosses(aborts, { ...nothing, failures: resets(2), retried: 1 }, { died: 1, replaced: 0 }), []);
  assert.deepEqual(undocumentedLosses(aborts, { ...nothing, failures: resets(2), retried: 2 }, { died: 1, replaced: 0 }), ['sent again']);
  const twice = { ...nothing, inFlightAtCuts: [2, 0, 1] };
  assert.deepEqual(undocumentedLosses(aborts, { ...twice, failures: resets(5) }, { died: 2, replaced: 0 }), []);
  assert.deepEqual(undocumentedLosses(aborts, { ...twice, failures: resets(6) }, { died: 2, replaced: 0 }), ['ECONNRESET']);
});

test('no connection may be cut where no cell died, nor where none is known to', () => {
  assert.deepEqual(undocumentedLosses(aborts, { ...nothing, failures: resets(1), retried: 1 }, { died: 0, replaced: 0 }), ['ECONNRESET', 'sent again']);
  assert.deepEqual(undocumentedLosses(harmless, { ...nothing, failures: resets(1), retried: 1 }, { died: 1, replaced: 0 }), ['ECONNRESET', 'sent again']);
});

test('a cell that is replaced may close kept connections, but cut no request', () => {
  assert.deepEqual(undocumentedLosses(harmless, { ...nothing, retried: 5 }, { died: 0, replaced: 1 }), []);
  assert.deepEqual(undocumentedLosses(harmless, { ...nothing, failures: resets(1), retried: 5 }, { died: 0, replaced: 1 }), ['ECONNRESET']);
});

test('an answer that is not the right one is never excused', () => {
  assert.deepEqual(undocumentedLosses(aborts, { ...nothing, failures: ['500 ', 'ECONNRESET'] }, { died: 1, replaced: 1 }), ['500 ']);
});
