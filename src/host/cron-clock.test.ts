import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CronClock, type ScheduledApp } from './cron-clock.ts';

/** A clock that runs as fast as the test wants. */
class FastTime {
  nowMs: number;
  #due: { atMs: number; action: () => void }[] = [];

  constructor(start: string) {
    this.nowMs = Date.parse(start);
  }

  after(delayMs: number, action: () => void): () => void {
    const entry = { atMs: this.nowMs + delayMs, action };
    this.#due.push(entry);
    return () => void (this.#due = this.#due.filter((other) => other !== entry));
  }

  /** `earlyMs`: timers fire that much too soon. */
  run(forMs: number, earlyMs = 0): void {
    const endMs = this.nowMs + forMs;
    for (;;) {
      const next = this.#due.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs - earlyMs > endMs) break;
      this.#due = this.#due.filter((other) => other !== next);
      this.nowMs = Math.max(this.nowMs + 1, next.atMs - earlyMs);
      next.action();
    }
    this.nowMs = endMs;
  }
}

function clockOver(time: FastTime, apps: () => readonly ScheduledApp[]): { clock: CronClock; fired: string[] } {
  const fired: string[] = [];
  const clock = new CronClock({
    apps,
    fire: (app, cron, timeMs) => void fired.push(`${app} ${cron} ${new Date(timeMs).toISOString().slice(11, 16)}`),
    nowMs: () => time.nowMs,
    after: (delayMs, action) => time.after(delayMs, action),
  });
  return { clock, fired };
}

const minuteMs = 60_000;

test('each pattern fires once in each of its minutes', () => {
  const time = new FastTime('2026-01-01T00:00:30Z');
  const { clock, fired } = clockOver(time, () => [{ app: 'a', crons: ['*/2 * * * *', '*/2 * * * *', '3 * * * *'] }, { app: 'b', crons: ['2 0 * * *'] }]);
  time.run(5 * minuteMs);
  assert.deepEqual(fired, ['a */2 * * * * 00:02', 'b 2 0 * * * 00:02', 'a 3 * * * * 00:03', 'a */2 * * * * 00:04']);
  clock.close();
  time.run(10 * minuteMs);
  assert.equal(fired.length, 4);
});

test('timers that come early fire no minute twice and none too soon', () => {
  const time = new FastTime('2026-01-01T00:00:00Z');
  const { fired } = clockOver(time, () => [{ app: 'a', crons: ['* * * * *'] }]);
  time.run(3 * minuteMs, 5);
  assert.deepEqual(fired, ['a * * * * * 00:01', 'a * * * * * 00:02', 'a * * * * * 00:03']);
});

test('minutes that were slept through are not made up for, and a clock set back fires nothing again', () => {
  const time = new FastTime('2026-01-01T00:00:00Z');
  const { fired } = clockOver(time, () => [{ app: 'a', crons: ['* * * * *'] }]);
  time.run(minuteMs);
  time.nowMs += 10 * minuteMs;
  time.run(minuteMs);
  time.nowMs -= 5 * minuteMs;
  time.run(2 * minuteMs);
  assert.deepEqual(fired.map((line) => line.slice(-5)), ['00:01', '00:11', '00:12']);
});

test('apps come and go', () => {
  const time = new FastTime('2026-01-01T00:00:00Z');
  let apps: ScheduledApp[] = [];
  const { fired } = clockOver(time, () => apps);
  time.run(minuteMs);
  apps = [{ app: 'a', crons: ['* * * * *'] }];
  time.run(minuteMs);
  apps = [];
  time.run(minuteMs);
  assert.equal(fired.length, 1);
});
