import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WasmMemoryCount } from './wasm-memory-count.ts';

test('the sum is of what each app had last', () => {
  const count = new WasmMemoryCount();
  count.begin(1, 'a');
  count.begin(2, 'b');
  count.set(count.end(2), 5);
  count.set(count.end(1), 3);
  assert.equal(count.sum, 8);
  count.set('b', 2);
  assert.equal(count.sum, 5);
  count.forget('a');
  count.forget('unknown');
  assert.equal(count.sum, 2);
});
