import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import { EntryScheduler, type Runnable } from './entry-scheduler.ts';

class Turns {
  readonly inside = new Set<string>();
  readonly #ends = new Map<string, () => void>();

  of(app: string): Runnable {
    const turn = async (): Promise<void> => {
      this.inside.add(app);
      await new Promise<void>((resolve) => this.#ends.set(app, resolve));
      this.inside.delete(app);
    };
    return { app, turn, hasWork: () => false };
  }

  async end(app: string): Promise<void> {
    this.#ends.get(app)?.();
    await nextRound();
    await nextRound();
  }
}

test('no more turns at once than slots; the next begins when one ends', async () => {
  const [turns, scheduler] = [new Turns(), new EntryScheduler(2)];
  for (const app of ['a', 'b', 'c']) scheduler.wake(turns.of(app));
  await nextRound();
  assert.deepEqual([...turns.inside], ['a', 'b']);
  await turns.end('a');
  assert.deepEqual([...turns.inside], ['b', 'c']);
  assert.equal(scheduler.isIdle, false);
});

test('a suspect has its turn alone, and others theirs after it', async () => {
  const [turns, scheduler] = [new Turns(), new EntryScheduler(2)];
  scheduler.suspect('suspect', 60_000);
  for (const app of ['a', 'suspect', 'b']) scheduler.wake(turns.of(app));
  await nextRound();
  assert.deepEqual([...turns.inside], ['a']);
  await turns.end('a');
  assert.deepEqual([...turns.inside], ['suspect']);
  await turns.end('suspect');
  assert.deepEqual([...turns.inside], ['b']);
});

test('one that is trusted again, or was suspect for long enough, shares', async () => {
  const [turns, scheduler] = [new Turns(), new EntryScheduler(3)];
  scheduler.suspect('a', 60_000);
  scheduler.suspect('b', 0);
  scheduler.trust('a');
  for (const app of ['a', 'b', 'c']) scheduler.wake(turns.of(app));
  await nextRound();
  assert.deepEqual([...turns.inside], ['a', 'b', 'c']);
});

test('what is recorded is who is inside', async () => {
  const recorded: string[] = [];
  const record = { begin: (app: string) => recorded.push(`begin ${app}`), end: (slot: number) => void recorded.push(`end ${slot}`) };
  const [turns, scheduler] = [new Turns(), new EntryScheduler(1, record)];
  for (const app of ['a', 'b']) scheduler.wake(turns.of(app));
  await nextRound();
  await turns.end('a');
  await turns.end('b');
  assert.deepEqual(recorded, ['begin a', 'end 1', 'begin b', 'end 3']);
});
