import assert from 'node:assert/strict';
import test from 'node:test';
import type { HostedRun } from './agent-hosted-runs.ts';
import { nextAttempt, resumePauseMs } from './agent-resume-policy.ts';

const RUN: HostedRun = { id: '0123456789abcdefghjkmn', agent: 'a', resumes: 0, withoutProgress: 0, entries: 0, suspended: false };

/** Pauses of a run whose journal has so many entries each time the process has died. */
function pauses(entries: readonly number[]): (number | undefined)[] {
  let run: HostedRun | undefined = RUN;
  return entries.map((count) => {
    run = run === undefined ? undefined : nextAttempt(run, count);
    return run === undefined ? undefined : resumePauseMs(run);
  });
}

test('a run that costs the process each time is taken up after longer and longer pauses, and then no more', () => {
  assert.deepEqual(pauses([3, 3, 3, 3, 3, 3]), [0, 1_000, 4_000, 16_000, undefined, undefined]);
});

test('a run that makes progress is taken up at once, but not for ever', () => {
  const times = pauses(Array.from({ length: 25 }, (_, index) => index + 1));
  assert.deepEqual(times, [...Array<number>(20).fill(0), ...Array<undefined>(5).fill(undefined)]);
});

test('progress makes up for what was before', () => {
  assert.deepEqual(pauses([3, 3, 3, 4, 4]), [0, 1_000, 4_000, 0, 1_000]);
});

test('a run that was told to rest does not count', () => {
  const rested = { ...RUN, resumes: 20, withoutProgress: 3, entries: 5, suspended: true };
  assert.deepEqual(nextAttempt(rested, 5), { ...rested, suspended: false });
});
