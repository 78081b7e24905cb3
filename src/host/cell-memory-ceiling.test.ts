import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellMemoryCeiling, machineMemory } from './cell-memory-ceiling.ts';

const GB = 1024 ** 3;

for (const [what, memory, cells, bytes] of [
  ['half of the machine', { totalBytes: 16 * GB, constrainedBytes: 0 }, 1, 8 * GB],
  ['half of the machine, divided', { totalBytes: 16 * GB, constrainedBytes: 0 }, 4, 2 * GB],
  ['half of the container', { totalBytes: 16 * GB, constrainedBytes: 2 * GB }, 1, GB],
  ['half of the machine, where the container says no less', { totalBytes: 16 * GB, constrainedBytes: 2 ** 60 }, 1, 8 * GB],
  ['what serves at all', { totalBytes: GB, constrainedBytes: 0 }, 64, GB / 4],
] as const) {
  test(`a cell may take ${what}`, () => assert.equal(cellMemoryCeiling(memory, cells), bytes));
}

test('this machine has some', () => assert.ok(cellMemoryCeiling(machineMemory(), 1) <= machineMemory().totalBytes));
