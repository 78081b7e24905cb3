import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GuestMemory, MemoryFault } from './guest-memory.ts';

test('every access is checked, and charged before it happens', () => {
  const bytes = new Uint8Array(16);
  const charged: number[] = [];
  const memory = new GuestMemory(() => bytes, (count) => charged.push(count));
  memory.setU32(4, 7);
  assert.deepEqual([memory.getU32(4), memory.bytes(0, 16).length, memory.view(16, 0).length], [7, 16, 0]);
  assert.deepEqual(charged, [4, 4, 16, 0]);
  for (const [pointer, length] of [[16, 1], [-1, 1], [0, 17], [0, -1], [-1, -1]] as const) assert.throws(() => memory.view(pointer, length), MemoryFault);
  assert.equal(charged.length, 4);
  const broke = new GuestMemory(() => bytes, () => {
    throw new Error('no fuel');
  });
  assert.throws(() => broke.write(0, Uint8Array.of(1)), /no fuel/u);
  assert.equal(bytes[0], 0);
});
