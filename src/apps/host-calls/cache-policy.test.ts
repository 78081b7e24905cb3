import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshMs, headerOf, isNotModified, rangeOf, varyOf } from './cache-policy.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const minuteMs = 60_000;

test('how long a response is fresh', () => {
  const cases: readonly (readonly [number, string[], number])[] = [
    [200, [], 120 * minuteMs],
    [404, [], 3 * minuteMs],
    [302, [], 20 * minuteMs],
    [500, [], 0],
    [500, ['cache-control', 'max-age=10'], 10_000],
    [200, ['cache-control', 'max-age=10, s-maxage=20'], 20_000],
    [200, ['cache-control', 'Max-Age="5"'], 5_000],
    [200, ['cache-control', 'max-age=0'], 0],
    [200, ['cache-control', 'max-age=-1'], 0],
    [200, ['cache-control', 'max-age=x'], 0],
    [200, ['cache-control', 'max-age=1e3'], 0],
    [200, ['cache-control', 'max-age=99999999999999'], 365 * 24 * 60 * minuteMs],
    [200, ['cache-control', 'no-store, max-age=10'], 0],
    [200, ['cache-control', 'private'], 0],
    [200, ['cache-control', 'max-age=5', 'cache-control', 'no-cache'], 0],
    [200, ['expires', 'Thu, 01 Jan 2026 00:01:00 GMT'], minuteMs],
    [200, ['expires', '0'], 0],
    [200, ['expires', 'Thu, 01 Jan 2026 00:01:00 GMT', 'cache-control', 'max-age=1'], 1_000],
    [200, ['set-cookie', 'a=b'], 0],
    [200, ['set-cookie', 'a=b', 'cache-control', 'private=Set-Cookie, max-age=7'], 7_000],
  ];
  for (const [status, headers, expected] of cases) assert.equal(freshMs(status, headers, nowMs), expected, `${status} ${headers.join()}`);
});

test('vary', () => {
  assert.deepEqual(varyOf(['vary', 'Accept, x-a'], ['accept', 'b']), [['accept', 'b'], ['x-a', undefined]]);
  assert.deepEqual(varyOf([], []), []);
  assert.equal(varyOf(['vary', 'a, *'], []), undefined);
  assert.equal(headerOf(['a', '1', 'b', '2', 'a', '3'], 'a'), '1, 3');
});

test('conditions', () => {
  const stored = ['etag', 'W/"x"', 'last-modified', 'Thu, 01 Jan 2026 00:00:00 GMT'];
  assert.equal(isNotModified(['if-none-match', '"a", "x"'], stored), true);
  assert.equal(isNotModified(['if-none-match', '*'], stored), true);
  assert.equal(isNotModified(['if-none-match', '"a"', 'if-modified-since', 'Thu, 01 Jan 2026 00:00:00 GMT'], stored), false);
  assert.equal(isNotModified(['if-modified-since', 'Thu, 01 Jan 2026 00:00:00 GMT'], stored), true);
  assert.equal(isNotModified(['if-modified-since', 'Wed, 31 Dec 2025 00:00:00 GMT'], stored), false);
  assert.equal(isNotModified(['if-modified-since', 'x'], stored), false);
  assert.equal(isNotModified([], stored), false);
});

test('ranges', () => {
  const cases: Readonly<Record<string, readonly [number, number] | undefined>> = { 'bytes=0-1': [0, 1], 'bytes=2-': [2, 9], 'bytes=-3': [7, 9], 'bytes=5-99': [5, 9], 'bytes=9-5': undefined, 'bytes=10-': undefined, 'bytes=-': undefined, 'bytes=0-1,3-4': undefined, 'lines=0-1': undefined };
  for (const [range, expected] of Object.entries(cases)) assert.deepEqual(rangeOf(['range', range], 10), expected, range);
  assert.equal(rangeOf(['range', 'bytes=-1'], 0), undefined);
});
