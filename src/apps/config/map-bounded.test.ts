import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { mapBounded } from './map-bounded.ts';

it('keeps the order and never has more under way than allowed', async () => {
  let underWay = 0;
  let most = 0;
  const results = await mapBounded([...Array(50).keys()], 4, async (item) => {
    most = Math.max(most, ++underWay);
    await setImmediate();
    underWay--;
    return item * 2;
  });
  assert.deepEqual(results, [...Array(50).keys()].map((item) => item * 2));
  assert.equal(most, 4);
});

it('fails with the first failure', async () => {
  await assert.rejects(mapBounded([1, 2, 3], 2, async (item) => (item === 2 ? Promise.reject(new Error('two')) : item)), /two/);
});

it('takes nothing and gives nothing', async () => {
  assert.deepEqual(await mapBounded([], 4, async (item) => item), []);
});
