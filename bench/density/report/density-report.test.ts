import assert from 'node:assert/strict';
import { test } from 'node:test';
import { belowAtEach, flat, type DensityFigure } from './density-figure.ts';
import { formatDensityMarkdown, formatDensityTerminal, type DensityReport } from './density-report.ts';

const rates = [12_000, 11_000, 5_000];
const figures: DensityFigure[] = [
  { section: 'residents', name: 'requests a second', unit: '1/s', values: rates, targets: flat(rates, 'higher', 2) },
  { section: 'residents', name: 'cold start, p50', unit: 'ms', values: [undefined, 4, 5], targets: flat([undefined, 4, 5], 'lower', 2) },
  { section: 'deployed', name: 'from start to ready', unit: 's', values: [0.5, 6.25], targets: [] },
];
const machine = { processor: 'P', cores: 2, memoryGb: 24, system: 'linux x64', node: 'v22' };
const report: DensityReport = { machine, cells: 2, quick: false, columns: { deployed: [1, 10_000], residents: [1, 100, 5_000] }, figures, notes: ['why'] };

test('prints a column for each level, how far the levels are apart, and the targets', () => {
  const text = formatDensityTerminal(report);
  assert.match(text, /^P, 2 cores, 24 GB, linux x64; Node.js v22; cells: 2\n/);
  assert.match(text, /measure +1 +100 +5,000 +worst ÷ best +target\n/i);
  assert.match(text, /requests a second, 1\/s +12,000 +11,000 +5,000 +2\.4× +flat within 2 × \(column 3\) MISSED\n/);
  assert.match(text, /cold start, p50, ms +- +4 +5 +1\.25× +flat within 2 × met\n/);
  assert.match(text, /- why\n\n1 of 2 targets met\n/);
});

test('prints Markdown tables', () => {
  assert.ok(formatDensityMarkdown(report).includes('| from start to ready, s | 0.5 | 6.25 | 12.5× |  |'));
});

test('every level is held against the best one, wherever that is', () => {
  assert.deepEqual(flat([36, 8, 15, 20], 'lower', 2), [{ text: 'flat within 2 × (column 1, 4)', isMet: false }]);
  assert.deepEqual(flat([5, 10, 4.9], 'higher', 2), [{ text: 'flat within 2 × (column 3)', isMet: false }]);
  assert.deepEqual(flat([4, undefined, 8], 'lower', 2), [{ text: 'flat within 2 ×', isMet: true }]);
  assert.deepEqual(belowAtEach([undefined, 2.6, 1.9], 2, 'MB'), [{ text: '< 2 MB (column 2)', isMet: false }]);
  assert.deepEqual(belowAtEach([undefined, 1.8, 1.9], 2, 'MB'), [{ text: '< 2 MB', isMet: true }]);
});

test('without two values nothing is said of a change', () => {
  assert.deepEqual(flat([undefined, 3], 'lower', 2), []);
});
