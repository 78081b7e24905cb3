import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { DEPTH_BYTES_MAX, WASM_LIMITS } from './wasm-limits.ts';

const page = readFileSync(new URL('../../../docs/agent-sandbox.md', import.meta.url), 'utf8');

test('the documented sizes are those of the code', () => {
  const rows = [...page.matchAll(/^\| `(\w+Max)`[^|]*\| ([\d,]+) \|$/gmu)].map(([, name = '', value = '']) => [name, Number(value.replaceAll(',', ''))]);
  assert.deepEqual(Object.fromEntries(rows), WASM_LIMITS);
});

test('the documented depth is that of the code', () => {
  assert.ok(page.includes(`a budget of ${DEPTH_BYTES_MAX.toLocaleString('en')} bytes`));
});
