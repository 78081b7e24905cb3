import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import { FairTurns } from './fair-turns.ts';

class Desk {
  readonly #turns: FairTurns;
  readonly began: string[] = [];
  readonly #ends: (() => void)[] = [];

  constructor(atOnceMax: number) {
    this.#turns = new FairTurns(atOnceMax);
  }

  async take(key: string, signal = new AbortController().signal): Promise<void> {
    const end = await this.#turns.take(key, signal);
    this.began.push(key);
    this.#ends.push(end);
  }

  async endFirst(): Promise<void> {
    this.#ends.shift()?.();
    await nextRound();
  }
}

describe('FairTurns', () => {
  it('lets so many through at once', async () => {
    const desk = new Desk(2);
    for (const key of ['a', 'a', 'a', 'b']) void desk.take(key);
    await nextRound();
    assert.deepEqual(desk.began, ['a', 'a']);
  });

  it('lets keys take turns, whatever one of them has waiting', async () => {
    const desk = new Desk(1);
    for (const key of ['a', 'a', 'a', 'a', 'b', 'b', 'c']) void desk.take(key);
    await nextRound();
    for (let turn = 0; turn < 7; turn++) await desk.endFirst();
    assert.deepEqual(desk.began, ['a', 'a', 'b', 'c', 'a', 'b', 'a']);
  });

  it('forgets who gives up, and goes on with the next', async () => {
    const desk = new Desk(1);
    const stop = new AbortController();
    void desk.take('a');
    const given = [desk.take('a', stop.signal), desk.take('b', stop.signal)];
    void desk.take('b');
    stop.abort(new Error('gone'));
    for (const taken of given) await assert.rejects(taken, /gone/);
    await assert.rejects(desk.take('a', stop.signal), /gone/);
    await desk.endFirst();
    assert.deepEqual(desk.began, ['a', 'b']);
  });

  it('is free again when all have ended', async () => {
    const desk = new Desk(1);
    await desk.take('a');
    await desk.endFirst();
    await desk.take('b');
    assert.deepEqual(desk.began, ['a', 'b']);
  });
});
