import assert from 'node:assert/strict';
import { test } from 'node:test';
import { declaredMemory, memoryName } from './wasm-memory.ts';

for (const memory of [
  { initial: 0, maximum: undefined, shared: false },
  { initial: 17, maximum: 65_536, shared: false },
  { initial: 1, maximum: 0, shared: true },
]) {
  test(`says what was declared: ${memoryName(3, memory)}`, () => assert.deepEqual(declaredMemory(memoryName(3, memory)), memory));
}

test('what was not declared so is no number of pages', () => {
  for (const name of ['memory', ',x,y,z']) assert.ok(Number.isNaN(declaredMemory(name).initial), name);
});
