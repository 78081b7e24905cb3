import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { QUIET_MS, whenQuiet } from './quiet-runs.ts';

/** Timers of the module keep no process alive. */
async function settled(): Promise<void> {
  await setTimeout(2 * QUIET_MS + 500);
}

test('what is quiet for long acts, once and in order', async () => {
  const acted: number[] = [];
  for (const run of [1, 2, 3]) whenQuiet(() => acted.push(run));
  assert.deepEqual(acted, []);
  await settled();
  assert.deepEqual(acted, [1, 2, 3]);
});

test('what happens before keeps it from acting, and the others act', async () => {
  const acted: number[] = [];
  const [first, , third] = [1, 2, 3].map((run) => whenQuiet(() => acted.push(run)));
  first?.();
  third?.();
  await settled();
  first?.();
  assert.deepEqual(acted, [2]);
});
