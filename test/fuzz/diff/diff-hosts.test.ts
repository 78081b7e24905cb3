import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diffHosts } from './diff-hosts.ts';

const SEED = 20_26;

test('the web API does what it does on workerd, but for known differences', async (context) => {
  context.diagnostic(`seed ${SEED}`);
  const found = await diffHosts(context, { seed: SEED, runs: 12, say: (line) => context.diagnostic(line) });
  assert.deepEqual(found, [], `seed ${SEED}`);
});
