import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import { GuestAlarm } from './guest-alarm.ts';

const START_MS = 1_000_000;

/** Whose request the alarm rang for, and whether there is one that pays. */
function alarmOf(): { alarm: GuestAlarm; rung: number[]; paid: { is: boolean } } {
  const rung: number[] = [];
  const paid = { is: true };
  return { alarm: new GuestAlarm((owner) => rung.push(owner), () => paid.is), rung, paid };
}

beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START_MS }));
afterEach(() => mock.timers.reset());

describe('GuestAlarm', () => {
  it('rings once, when it is time, for whom it was set', () => {
    const { alarm, rung } = alarmOf();
    alarm.set(`${START_MS + 100}`, 7);
    mock.timers.tick(99);
    assert.deepEqual(rung, []);
    mock.timers.tick(1);
    mock.timers.tick(1_000);
    assert.deepEqual(rung, [7]);
  });

  it('the last wish counts, also when that is none', () => {
    const { alarm, rung } = alarmOf();
    alarm.set(`${START_MS + 100}`, 1);
    alarm.set(`${START_MS + 200}`, 2);
    mock.timers.tick(300);
    assert.deepEqual(rung, [2]);
    alarm.set(`${START_MS + 400}`, 3);
    alarm.set('', 3);
    mock.timers.tick(300);
    assert.deepEqual(rung, [2]);
  });

  it('while nobody pays it waits for somebody who does', () => {
    const { alarm, rung, paid } = alarmOf();
    paid.is = false;
    alarm.set(`${START_MS + 100}`, 7);
    mock.timers.tick(500);
    assert.deepEqual(rung, []);
    paid.is = true;
    alarm.resume();
    mock.timers.tick(1);
    assert.deepEqual(rung, [7]);
    alarm.resume();
    mock.timers.tick(1_000);
    assert.deepEqual(rung, [7]);
  });

  it('a time that is past, or none, rings soon; one beyond all timers when it comes', () => {
    const { alarm, rung } = alarmOf();
    for (const time of ['0', '-5', 'soon']) {
      alarm.set(time, rung.length);
      mock.timers.tick(1);
    }
    assert.deepEqual(rung, [0, 1, 2]);
    alarm.set(`${Date.now() + 2 * HOST_LIMITS.timerMsMax}`, 3);
    mock.timers.tick(HOST_LIMITS.timerMsMax);
    assert.deepEqual(rung, [0, 1, 2]);
    mock.timers.tick(HOST_LIMITS.timerMsMax);
    assert.deepEqual(rung, [0, 1, 2, 3]);
  });

  it('rings no more once it is stopped', () => {
    const { alarm, rung } = alarmOf();
    alarm.set(`${START_MS + 100}`, 7);
    alarm.stop();
    alarm.resume();
    mock.timers.tick(1_000);
    assert.deepEqual(rung, []);
  });
});
