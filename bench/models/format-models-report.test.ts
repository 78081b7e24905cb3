import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatModelsMarkdown, formatModelsTerminal, type ModelsReport } from './format-models-report.ts';
import { modelFigure } from './model-figure.ts';

const report: ModelsReport = {
  machine: { processor: 'P', cores: 2, memoryGb: 8, system: 'linux x64', node: 'v22' },
  model: 'a model',
  quick: true,
  figures: [modelFigure('start', 'to the first token', 'ms', [1, 2, 3]), { section: 'throughput', name: 'generated', unit: '1/s', value: 90, samples: 5, bare: 100, targets: [{ text: '≥ 0.95 × bare', isMet: false }] }],
  notes: ['why'],
};

test('prints what was measured beside the bare engine, section by section', () => {
  const text = formatModelsTerminal(report);
  assert.match(text, /^P, 2 cores, 8 GB, linux x64; Node.js v22; a model; quick run, small samples\n/);
  assert.match(text, /generated +90 1\/s +5 +100 1\/s +0\.9× +≥ 0\.95 × bare MISSED\n/);
  assert.match(text, /to the first token +2 ms +3 ms +3\n/);
  assert.match(text, /- why\n\n0 of 1 targets met\n/);
  assert.ok(text.indexOf('Tokens a second') < text.indexOf('From a command'));
});

test('prints Markdown tables', () => {
  assert.ok(formatModelsMarkdown(report).includes('| generated | 90 1/s |  | 5 | 100 1/s | 0.9× | ≥ 0.95 × bare MISSED |'));
});
