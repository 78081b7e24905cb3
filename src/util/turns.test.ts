import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Turns } from './turns.ts';

const never = new AbortController().signal;

test('so many at once, the others in their order', async () => {
  const turns = new Turns(2);
  const order: string[] = [];
  const [a, b] = [await turns.take(never), await turns.take(never)];
  const waiting = ['c', 'd'].map(async (name) => {
    const end = await turns.take(never);
    order.push(name);
    return end;
  });
  await turn();
  assert.deepEqual(order, []);
  a();
  await turn();
  assert.deepEqual(order, ['c']);
  b();
  for (const end of await Promise.all(waiting)) end();
  assert.deepEqual(order, ['c', 'd']);
  await Promise.all([turns.take(never), turns.take(never)]);
});

test('who gives up takes no turn', async () => {
  const turns = new Turns(1);
  const end = await turns.take(never);
  const given = new AbortController();
  const waiting = turns.take(given.signal);
  given.abort(new Error('late'));
  await assert.rejects(waiting, /late/u);
  await assert.rejects(turns.take(given.signal), /late/u);
  end();
  await turns.take(never);
});
