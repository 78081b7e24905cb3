import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSoakMarkdown, formatSoakTerminal, growthOf } from './soak-report.ts';

const MB = 1024 * 1024;
const machine = { processor: 'P', cores: 2, memoryGb: 24, system: 'linux x64', node: 'v22' };

function looks(...megabytes: number[]): { isolates: number; rssBytes: number }[] {
  return megabytes.map((mb, index) => ({ isolates: (index + 1) * 1_000, rssBytes: mb * MB }));
}

test('growth is that from the second quarter to the last', () => {
  const { bytes, bytesPerIsolate, target } = growthOf(looks(50, 60, 100, 102, 130, 90, 104, 103));
  assert.equal(bytes, 3 * MB);
  assert.equal(Math.round(bytesPerIsolate), Math.round((3 * MB) / 4_000));
  assert.equal(target.isMet, true);
  assert.equal(growthOf(looks(100, 100, 100, 100, 110, 115, 120, 125)).target.isMet, false);
  assert.throws(() => growthOf(looks(1, 2, 3)), /less than four times/u);
});

test('prints each look and the growth', () => {
  const report = { machine, quick: true, looks: looks(100, 100, 100, 120), seconds: 12 };
  assert.match(formatSoakTerminal(report), /4,000 +120\n[^]*20 MB, 10,486 bytes an isolate; flat within 5 % MISSED\n/);
  assert.ok(formatSoakMarkdown(report).includes('| 4,000 | 120 |'));
});
