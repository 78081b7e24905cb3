import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atLeastOf, atMostOf, below, type Figure } from './figure.ts';
import { formatMarkdown, formatTerminal, type Report } from './format-report.ts';
import { round } from './round.ts';

const values = { nanos: 40_000, workerd: 10_000 };
const figures: Figure[] = [
  { section: 'throughput', name: 'hello', unit: '1/s', values, targets: [...atLeastOf(values, 'workerd', 5), ...atMostOf(values, 'node', 2)] },
  { section: 'cold', name: 'small, p50', unit: 'ms', values: { nanos: 4.256 }, targets: [below(4.256, 5, 'ms')] },
];
const machine = { processor: 'P', cores: 2, memoryGb: 8, system: 'linux x64', node: 'v22', workerd: 'not installed' };
const report: Report = { machine, quick: true, figures, notes: ['why'] };

test('prints ratios, and a target only where there is a peer to compare with', () => {
  const text = formatTerminal(report);
  assert.match(text, /hello +40,000 1\/s +10,000 1\/s +- +4× +- +≥ 5 × workerd MISSED\n/);
  assert.match(text, /small, p50 +4\.26 ms +- +- +- +- +< 5 ms met\n/);
  assert.match(text, /1 of 2 targets met/);
  assert.ok(text.indexOf('Cold start') < text.indexOf('Throughput'));
});

test('prints Markdown tables', () => {
  assert.ok(formatMarkdown(report).includes('| hello | 40,000 1/s | 10,000 1/s | - | 4× | - | ≥ 5 × workerd MISSED |'));
});

test('rounds to what is known', () => {
  assert.deepEqual([0.01234, 1.2345, 12.345, 123.45, 12_345].map(round), ['0.0123', '1.23', '12.3', '123', '12,345']);
});
