import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CellLoads } from './cell-loads.ts';

test('an app’s share is that of a core, or of the cell’s own thread by its requests, whichever is more', () => {
  const loads = new CellLoads();
  loads.served('computes', 500);
  for (let request = 0; request < 3; request++) loads.served('answers', 1);
  assert.deepEqual(loads.take(1_000, 0.8, []), [
    { app: 'computes', share: 0.5 },
    { app: 'answers', share: 0.8 * 0.75 },
  ]);
});

test('what was told is told once, and trifles not at all', () => {
  const loads = new CellLoads();
  loads.served('computes', 500);
  loads.served('sleeps', 99);
  assert.deepEqual(loads.take(1_000, 0, []).map(({ app }) => app), ['computes']);
  assert.deepEqual(loads.take(1_000, 1, []), []);
});

test('an app of which requests wait is fully busy, whatever it uses', () => {
  const loads = new CellLoads();
  loads.served('full', 1);
  assert.deepEqual(loads.take(1_000, 0, ['full', 'stuck']), [
    { app: 'full', share: 1 },
    { app: 'stuck', share: 1 },
  ]);
});
