import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import { HostRounds, type SlicedWork } from './host-rounds.ts';

/** Steps of work by a clock that they move. */
class Desk {
  nowMs = 0;
  readonly done: string[] = [];
  readonly failures: unknown[] = [];
  readonly used = new Map<string, number>();
  readonly rounds = new HostRounds((app) => this.used.get(app) ?? 0, () => this.nowMs);

  work(app: string, steps: number, stepMs: number): SlicedWork {
    let left = steps;
    return {
      app,
      slice: (goOn) => {
        do {
          this.nowMs += stepMs;
          this.used.set(app, (this.used.get(app) ?? 0) + stepMs);
          this.done.push(app);
        } while (--left > 0 && goOn());
        return left > 0;
      },
      failed: (error) => void this.failures.push(error),
    };
  }
}

describe('HostRounds', () => {
  it('ends a round in time, whatever is left', async () => {
    const desk = new Desk();
    desk.rounds.wake(desk.work('flood', 100, 0.5));
    await nextRound();
    assert.equal(desk.done.length, 4);
    for (let round = 0; round < 25; round++) await nextRound();
    assert.equal(desk.done.length, 100);
  });

  it('does one step of each work at least, however long it takes', async () => {
    const desk = new Desk();
    desk.rounds.wake(desk.work('slow', 2, 50));
    await nextRound();
    assert.deepEqual(desk.done, ['slow']);
    await nextRound();
    assert.deepEqual(desk.done, ['slow', 'slow']);
  });

  it('begins with whoever has used least, so a small work does not wait for floods', async () => {
    const desk = new Desk();
    for (let flood = 0; flood < 20; flood++) desk.rounds.wake(desk.work(`flood-${flood}`, 1_000, 0.5));
    for (let round = 0; round < 50; round++) await nextRound();
    desk.rounds.wake(desk.work('small', 1, 0.1));
    const before = desk.done.length;
    await nextRound();
    assert.equal(desk.done[before], 'small');
  });

  it('is done with short work of many in one round', async () => {
    const desk = new Desk();
    const apps = Array.from({ length: 15 }, (_, index) => `app-${index}`);
    for (const app of apps) desk.rounds.wake(desk.work(app, 1, 0.1));
    await nextRound();
    assert.deepEqual(desk.done, apps);
  });

  it('goes on with the work of others when one fails', async () => {
    const desk = new Desk();
    const failure = new Error('of the host');
    const fails = (): never => {
      throw failure;
    };
    desk.rounds.wake({ ...desk.work('failing', 1, 0.1), slice: fails });
    desk.rounds.wake(desk.work('other', 1, 0.1));
    await nextRound();
    assert.deepEqual([desk.done, desk.failures], [['other'], [failure]]);
  });
});
