import assert from 'node:assert/strict';
import { test } from 'node:test';
import { below } from '../../report/figure.ts';
import { sampled, single } from './agent-figure.ts';
import { formatAgentMarkdown, formatAgentTerminal, type AgentReport } from './format-agent-report.ts';

const figures = [
  single({ section: 'metering', name: 'a kernel', unit: '×' }, 1.25, 15),
  sampled({ section: 'boot', name: 'warm', unit: 'ms', beside: [{ name: 'another', value: 4 }] }, [1, 2, 3], (median) => [below(median, 1, 'ms')]),
];
const report: AgentReport = { machine: { processor: 'P', cores: 2, memoryGb: 8, system: 'linux x64', node: 'v22' }, peer: 'another 1', quick: true, figures, notes: ['why'] };

test('prints median and 99th percentile, what stands beside them and how far apart they are', () => {
  const text = formatAgentTerminal(report);
  assert.match(text, /^P, 2 cores, 8 GB, linux x64; Node.js v22; another 1; quick run, small samples\n/);
  assert.match(text, /warm +2 ms +3 ms +3 +another: 4 ms \(0\.5×\) +< 1 ms MISSED\n/);
  assert.match(text, /a kernel +1\.25× +15\n/);
  assert.match(text, /- why\n\n0 of 1 targets met\n/);
  assert.ok(text.indexOf('From nothing') < text.indexOf('What metering costs'));
});

test('prints Markdown tables', () => {
  assert.ok(formatAgentMarkdown(report).includes('| warm | 2 ms | 3 ms | 3 | another: 4 ms (0.5×) | < 1 ms MISSED |'));
});
