import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairQueue } from './fair-queue.ts';

const NEVER = new AbortController().signal;

async function turns(): Promise<void> {
  await new Promise(setImmediate);
}

test('a tenant with many calls holds nobody up', async () => {
  const queue = new FairQueue(1, 100);
  const order: string[] = [];
  const run = async (tenant: string, name: string): Promise<void> => {
    const end = await queue.take(tenant, NEVER);
    order.push(name);
    await turns();
    end();
  };
  await Promise.all([run('a', 'a1'), run('a', 'a2'), run('a', 'a3'), run('b', 'b1'), run('c', 'c1'), run('b', 'b2')]);
  assert.deepEqual(order, ['a1', 'a2', 'b1', 'c1', 'a3', 'b2']);
  assert.ok(queue.isIdle);
});

test('who has the fewest calls under way is next', async () => {
  const queue = new FairQueue(2, 100);
  const started: string[] = [];
  const first = await queue.take('a', NEVER);
  const second = await queue.take('a', NEVER);
  const waiting = [queue.take('a', NEVER).then((end) => (started.push('a'), end)), queue.take('b', NEVER).then((end) => (started.push('b'), end))];
  first();
  await turns();
  assert.deepEqual(started, ['b']);
  second();
  for (const end of await Promise.all(waiting)) end();
  assert.ok(queue.isIdle);
});

test('past the limit a call is refused, and an abort makes room', async () => {
  const queue = new FairQueue(1, 1);
  const end = await queue.take('a', NEVER);
  const stop = new AbortController();
  const waiting = queue.take('b', stop.signal);
  await assert.rejects(queue.take('c', NEVER), { code: 'overloaded', retryAfterS: 5 });
  stop.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  const next = queue.take('c', NEVER);
  end();
  end();
  (await next)();
  assert.ok(queue.isIdle);
});
