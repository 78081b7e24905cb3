import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCron } from './cron.ts';

function dueAt(pattern: string, ...times: string[]): boolean[] {
  const schedule = parseCron(pattern);
  return times.map((time) => schedule.isDue(Date.parse(time)));
}

test('patterns are due in their minutes, in UTC', () => {
  assert.deepEqual(dueAt('* * * * *', '2026-01-01T00:00:00Z', '2026-06-30T23:59:00Z'), [true, true]);
  assert.deepEqual(dueAt('*/15 * * * *', '2026-01-01T00:15:00Z', '2026-01-01T00:16:00Z'), [true, false]);
  assert.deepEqual(dueAt('30 4 1 JAN *', '2026-01-01T04:30:00Z', '2026-02-01T04:30:00Z', '2026-01-01T04:31:00Z'), [true, false, false]);
  assert.deepEqual(dueAt('0 0 29 2 *', '2028-02-29T00:00:00Z', '2026-03-01T00:00:00Z'), [true, false]);
});

test('days of the week count from Sunday as 1, as at Cloudflare', () => {
  // a Sunday and a Monday
  const days = ['2026-01-04T00:00:00Z', '2026-01-05T00:00:00Z'] as const;
  assert.deepEqual(dueAt('0 0 * * 1', ...days), [true, false]);
  assert.deepEqual(dueAt('0 0 * * 2', ...days), [false, true]);
  assert.deepEqual(dueAt('0 0 * * MON-FRI', ...days), [false, true]);
  assert.deepEqual(dueAt('0 0 * * 2-6', ...days), [false, true]);
  assert.deepEqual(dueAt('0 0 * * SUN', ...days), [true, false]);
});

test('the end of a month and the n-th day of a week', () => {
  assert.deepEqual(dueAt('59 23 L * *', '2026-02-28T23:59:00Z', '2026-02-27T23:59:00Z'), [true, false]);
  assert.deepEqual(dueAt('0 0 * * 2#1', '2026-01-05T00:00:00Z', '2026-01-12T00:00:00Z'), [true, false]);
});

test('what is no pattern is a RangeError', () => {
  for (const pattern of ['', '* * * *', '* * * * * *', '60 * * * *', 'x * * * *', '* * * * 0', '* * * * 8', '* * 32 * *', '@daily', `${'1,'.repeat(60)}1 * * * *`]) {
    assert.throws(() => parseCron(pattern), RangeError, pattern);
  }
});
