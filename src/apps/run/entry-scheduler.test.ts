import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import { EntryScheduler, type Runnable, type TurnRecord } from './entry-scheduler.ts';

/** Apps whose turns begin and end when the test says so, by a clock that it moves. */
class Machine {
  readonly scheduler: EntryScheduler;
  /** in the order in which their turns began */
  readonly inside: string[] = [];
  readonly began: string[] = [];
  readonly failures: unknown[] = [];
  nowMs = 0;
  readonly #ends = new Map<string, { resolve: (cpuMs: number) => void; reject: (error: Error) => void }>();
  readonly #beganMs = new Map<string, number>();

  constructor(slots: number, record?: TurnRecord) {
    this.scheduler = new EntryScheduler(slots, record, () => this.nowMs);
  }

  #of(app: string): Runnable {
    const turn = async (): Promise<number> => {
      this.inside.push(app);
      this.began.push(app);
      this.#beganMs.set(app, this.nowMs);
      try {
        return await new Promise<number>((resolve, reject) => this.#ends.set(app, { resolve, reject }));
      } finally {
        this.inside.splice(this.inside.indexOf(app), 1);
      }
    };
    return { app, turn, hasWork: () => false, failed: (error) => void this.failures.push(error) };
  }

  async wake(...apps: string[]): Promise<void> {
    for (const app of apps) this.scheduler.wake(this.#of(app));
    await settled();
  }

  /** Ends the app's turn, charged for all the time since it began. */
  async end(app: string): Promise<void> {
    this.#ends.get(app)?.resolve(this.nowMs - this.#beganMs.get(app)!);
    await settled();
  }

  async fail(app: string, error: Error): Promise<void> {
    this.#ends.get(app)?.reject(error);
    await settled();
  }

  /** The app wants another turn as soon as it can have one. */
  async endAndWake(app: string): Promise<void> {
    const ended = this.end(app);
    this.scheduler.wake(this.#of(app));
    await ended;
  }

  /** Turns go on meanwhile. */
  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    mock.timers.tick(ms);
    await settled();
  }

  /** The app shows that its turns are short. */
  async known(...apps: string[]): Promise<void> {
    for (const app of apps) for (let turn = 0; turn < 30; turn++) await this.alone(app, 1);
  }

  /** One turn of that length with nobody beside it. */
  async alone(app: string, ms: number): Promise<void> {
    await this.wake(app);
    await this.pass(ms);
    await this.end(app);
  }
}

async function settled(): Promise<void> {
  await nextRound();
  await nextRound();
}

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

describe('slots', () => {
  it('no more turns at once than slots; the next begins when one ends', async () => {
    const machine = new Machine(2);
    await machine.wake('a', 'b', 'c');
    assert.deepEqual(machine.inside, ['a', 'b']);
    await machine.end('a');
    assert.deepEqual(machine.inside, ['b', 'c']);
    assert.equal(machine.scheduler.isIdle, false);
  });

  it('what is recorded is who is inside', async () => {
    const recorded: string[] = [];
    const machine = new Machine(1, { begin: (app) => recorded.push(`begin ${app}`), end: (slot) => void recorded.push(`end ${slot}`) });
    await machine.wake('a', 'b');
    await machine.end('a');
    await machine.end('b');
    assert.deepEqual(recorded, ['begin a', 'end 1', 'begin b', 'end 3']);
  });
});

describe('a turn that rejects', () => {
  it('is told to whom it belongs; its slot is free again', async () => {
    const recorded: string[] = [];
    const machine = new Machine(1, { begin: (app) => recorded.push(`begin ${app}`), end: (slot) => void recorded.push(`end ${slot}`) });
    const failure = new Error('of the host');
    await machine.wake('a', 'b');
    await machine.fail('a', failure);
    assert.deepEqual(machine.failures, [failure]);
    assert.deepEqual(machine.inside, ['b']);
    await machine.end('b');
    assert.deepEqual(recorded, ['begin a', 'end 1', 'begin b', 'end 3']);
    assert.equal(machine.scheduler.isIdle, true);
  });

  it('of a suspect lets others have theirs again', async () => {
    const machine = new Machine(2);
    machine.scheduler.suspect('suspect', 60_000);
    await machine.wake('suspect', 'a', 'b');
    await machine.fail('suspect', new Error('of the host'));
    assert.deepEqual(machine.inside, ['a', 'b']);
  });
});

describe('an app that is gone', () => {
  it('leaves nothing behind when its last turn ends later', async () => {
    const machine = new Machine(1);
    await machine.wake('gone');
    machine.scheduler.forget('gone');
    await machine.pass(500);
    await machine.end('gone');
    await machine.wake('busy');
    await machine.wake('gone', 'newcomer');
    await machine.end('busy');
    assert.deepEqual(machine.inside, ['gone']);
  });
});

describe('order', () => {
  it('goes by what was used lately, and by who came first among equals', async () => {
    const machine = new Machine(1);
    await machine.alone('light', 1);
    await machine.pass(20_000);
    await machine.alone('heavy', 500);
    await machine.wake('heavy', 'newcomer', 'second-newcomer', 'light');
    for (const app of ['light', 'newcomer', 'second-newcomer', 'heavy']) await machine.end(app);
    assert.deepEqual(machine.began.slice(2), ['light', 'newcomer', 'second-newcomer', 'heavy']);
  });

  it('what was charged outside of turns counts', async () => {
    const machine = new Machine(1);
    machine.scheduler.charge('charged', 100);
    await machine.wake('charged', 'other');
    assert.deepEqual(machine.inside, ['other']);
  });

  it('nobody waits for ever: who has computed much comes before those who go on computing', async () => {
    const machine = new Machine(1);
    await machine.alone('heavy', 10_000);
    await machine.wake('a', 'b', 'heavy');
    for (let turns = 0; !machine.inside.includes('heavy'); turns++) {
      assert.ok(turns < 1_000, 'it starves');
      await machine.pass(50);
      await machine.endAndWake(machine.inside[0] ?? '');
    }
  });

  it('apps that compute all the time get about equal parts, however long their turns are', async () => {
    const machine = new Machine(1);
    const usedMs = new Map<string, number>();
    await machine.wake('long', 'short', 'also-short');
    while (machine.nowMs < 60_000) {
      const [app = ''] = machine.inside;
      const ms = app === 'long' ? 400 : 20;
      usedMs.set(app, (usedMs.get(app) ?? 0) + ms);
      await machine.pass(ms);
      await machine.endAndWake(app);
    }
    const parts = [...usedMs.values()].map((ms) => ms / machine.nowMs);
    assert.ok(Math.min(...parts) > 0.25 && Math.max(...parts) < 0.45, parts.join());
  });
});

describe('turns beyond the slots', () => {
  it('short ones begin beside turns that are known to be long', async () => {
    const machine = new Machine(2);
    await machine.known('victim');
    for (const hog of ['hog-1', 'hog-2', 'hog-3']) await machine.alone(hog, 500);
    await machine.wake('hog-1', 'hog-2', 'hog-3');
    await machine.wake('victim');
    assert.deepEqual(machine.inside, ['hog-1', 'hog-2', 'victim']);
  });

  it('they begin beside turns that turn out to be long', async () => {
    const machine = new Machine(1);
    await machine.known('victim', 'other');
    await machine.wake('other');
    await machine.wake('victim');
    await machine.pass(4);
    assert.deepEqual(machine.inside, ['other']);
    await machine.pass(1);
    assert.deepEqual(machine.inside, ['other', 'victim']);
  });

  it('there are none beside short turns', async () => {
    const machine = new Machine(2);
    await machine.known('a', 'b', 'c');
    await machine.wake('a', 'b', 'c');
    assert.deepEqual(machine.inside, ['a', 'b']);
  });

  it('two at most, one for each long turn, and those who compute much get none', async () => {
    const machine = new Machine(2);
    await machine.known('a', 'b', 'c');
    for (const hog of ['hog-1', 'hog-2', 'hog-3', 'hog-4']) await machine.alone(hog, 500);
    await machine.wake('hog-1', 'hog-2', 'hog-3', 'hog-4');
    await machine.pass(100);
    assert.deepEqual(machine.inside, ['hog-1', 'hog-2']);
    await machine.wake('a', 'b', 'c');
    assert.deepEqual(machine.inside, ['hog-1', 'hog-2', 'a', 'b']);
    await machine.end('a');
    assert.deepEqual(machine.inside, ['hog-1', 'hog-2', 'b', 'c']);
  });

  it('when a long turn ends, they take its place', async () => {
    const machine = new Machine(1);
    await machine.known('a', 'b');
    for (const hog of ['hog-1', 'hog-2']) await machine.alone(hog, 500);
    await machine.wake('hog-1', 'hog-2');
    await machine.wake('a');
    await machine.end('hog-1');
    assert.deepEqual(machine.inside, ['a']);
    await machine.end('a');
    assert.deepEqual(machine.inside, ['hog-2']);
  });

  it('of those whose turns may be long, one at a time that has used little beside those inside; the last place stays for short turns', async () => {
    const machine = new Machine(2);
    await machine.known('victim');
    for (const hog of ['hog-1', 'hog-2']) await machine.alone(hog, 500);
    await machine.wake('hog-1', 'hog-2');
    await machine.wake('newcomer-1', 'newcomer-2');
    await machine.pass(1_000);
    assert.deepEqual(machine.inside, ['hog-1', 'hog-2', 'newcomer-1']);
    await machine.wake('victim');
    assert.deepEqual(machine.inside, ['hog-1', 'hog-2', 'newcomer-1', 'victim']);
  });

  it('beside twenty hogs that never end, and that nobody knew before, a known app has every turn at once', async () => {
    const machine = new Machine(2);
    await machine.known('victim');
    await machine.wake(...Array.from({ length: 20 }, (_, index) => `hog-${index}`));
    await machine.pass(5);
    for (let turn = 0; turn < 50; turn++) {
      await machine.wake('victim');
      assert.ok(machine.inside.includes('victim'));
      assert.ok(machine.inside.length <= 4);
      await machine.pass(1);
      await machine.end('victim');
    }
  });
});

describe('suspects', () => {
  it('a suspect has its turn alone, and others theirs after it', async () => {
    const machine = new Machine(2);
    machine.scheduler.suspect('suspect', 60_000);
    await machine.wake('a', 'suspect', 'b');
    assert.deepEqual(machine.inside, ['a']);
    await machine.end('a');
    assert.deepEqual(machine.inside, ['suspect']);
    await machine.end('suspect');
    assert.deepEqual(machine.inside, ['b']);
  });

  it('it has no turn beyond the slots, and nobody has one beside it', async () => {
    const machine = new Machine(1);
    await machine.known('victim', 'suspect');
    await machine.alone('hog', 500);
    machine.scheduler.suspect('suspect', 60_000);
    await machine.wake('hog', 'suspect');
    await machine.pass(100);
    assert.deepEqual(machine.inside, ['suspect']);
    await machine.wake('victim');
    await machine.pass(100);
    assert.deepEqual(machine.inside, ['suspect']);
    await machine.end('suspect');
    await machine.end('victim');
    assert.deepEqual(machine.inside, ['hog']);
    await machine.wake('suspect');
    await machine.pass(100);
    assert.deepEqual(machine.inside, ['hog']);
  });

  it('one that is trusted again, or was suspect for long enough, shares', async () => {
    const machine = new Machine(3);
    machine.scheduler.suspect('a', 60_000);
    machine.scheduler.suspect('b', 0);
    machine.scheduler.trust('a');
    await machine.wake('a', 'b', 'c');
    assert.deepEqual(machine.inside, ['a', 'b', 'c']);
  });
});
