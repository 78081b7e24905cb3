import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QUICK, type ModelBenchSize } from './models/model-bench-size.ts';
import { MODEL_SECTION_NAMES } from './models/model-figure.ts';
import { measureModels } from './models-bench.ts';
import { engineMissing } from '../test/support/engine-missing.ts';

const SMALLER: ModelBenchSize = { ...QUICK, rounds: 1, counts: [1, 2], besideMs: 2_000, starts: 1 };
const silent = { quick: true, only: undefined, say: () => undefined, signal: new AbortController().signal, size: SMALLER };

test('measures every section', { skip: engineMissing() }, async () => {
  const { figures, notes, model } = await measureModels(silent);
  assert.deepEqual(notes.filter((note) => note.includes('FAILED')), []);
  assert.deepEqual([...new Set(figures.map(({ section }) => section))], [...MODEL_SECTION_NAMES]);
  for (const { name, value, samples } of figures) assert.ok(Number.isFinite(value) && value > 0 && samples > 0, name);
  assert.deepEqual(figures.filter(({ bare, unit }) => bare !== undefined && unit === '1/s').map(({ name }) => name), ['prompt tokens, one call', 'generated tokens, 1 at once', 'generated tokens, 2 at once']);
  assert.match(model, /^nanos-agent/);
});

test('there is no other section, and a bench that is stopped ends', async () => {
  await assert.rejects(measureModels({ ...silent, only: 'cold' }), /no section cold/);
  await assert.rejects(measureModels({ ...silent, signal: AbortSignal.abort(new Error('stopped')) }), /^Error: stopped$/);
});
