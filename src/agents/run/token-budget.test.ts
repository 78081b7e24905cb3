import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import { fc } from '../../util/test-properties.ts';
import { TokenBudget } from './token-budget.ts';

const NEVER = new AbortController().signal;
const ignore = (): void => undefined;

test('a call waits while others hold what it lacks, and gets what is left when none does', async () => {
  const budget = new TokenBudget(100);
  const first = await budget.reserve(60, NEVER, ignore);
  assert.equal(first.tokens, 60);
  const exact = await budget.reserve(40, NEVER, ignore);
  assert.equal(exact.tokens, 40);
  let isGiven = false;
  const late = budget.reserve(1, NEVER, ignore).then((reservation) => {
    isGiven = true;
    return reservation;
  });
  await nextTurn();
  assert.equal(isGiven, false, 'one past the budget waits');
  first.charge(59);
  first.release();
  assert.equal((await late).tokens, 1);
  exact.charge(40);
  exact.release();
  (await late).charge(1);
  (await late).release();
  assert.equal((await budget.reserve(5, NEVER, ignore)).tokens, 0);
});

test('a refund is free again, and a charge after the release is not held', async () => {
  const budget = new TokenBudget(100);
  const charges: number[] = [];
  const call = await budget.reserve(50, NEVER, (tokens) => charges.push(tokens));
  call.charge(30);
  call.charge(-20);
  call.release();
  call.charge(5);
  assert.deepEqual(charges, [30, -20, 5]);
  assert.equal((await budget.reserve(1_000, NEVER, ignore)).tokens, 85);
});

test('a call that is given up does not wait on', async () => {
  const budget = new TokenBudget(10);
  const all = await budget.reserve(10, NEVER, ignore);
  const stop = new AbortController();
  const waiting = budget.reserve(1, stop.signal, ignore);
  stop.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(budget.reserve(1, stop.signal, ignore), /enough/);
  all.release();
  assert.equal((await budget.reserve(10, NEVER, ignore)).tokens, 10);
});

test('calls that use what they were given never use more than there is', async () => {
  const call = fc.record({ wanted: fc.integer({ min: 1, max: 60 }), used: fc.double({ min: 0, max: 1, noNaN: true }), turns: fc.integer({ min: 0, max: 4 }) });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 100 }), fc.array(call, { maxLength: 12 }), async (max, calls) => {
      const budget = new TokenBudget(max);
      let used = 0;
      const run = async ({ wanted, used: share, turns }: (typeof calls)[number]): Promise<void> => {
        const reservation = await budget.reserve(wanted, NEVER, (tokens) => (used += tokens));
        for (let turn = 0; turn < turns; turn++) await nextTurn();
        reservation.charge(Math.floor(reservation.tokens * share));
        reservation.release();
      };
      await Promise.all(calls.map(run));
      assert.ok(used <= max, `${used} of ${max}`);
    }),
  );
});
