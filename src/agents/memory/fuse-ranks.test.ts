import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuseRanks } from './fuse-ranks.ts';

test('what stands in both rankings comes before what stands in one', () => {
  assert.deepEqual(fuseRanks([[1, 2, 3], [3, 4]]), [3, 1, 2, 4]);
  assert.deepEqual(fuseRanks([[], [7, 8]]), [7, 8]);
  assert.deepEqual(fuseRanks([[1], [2]]), [1, 2]);
  assert.deepEqual(fuseRanks([]), []);
});
