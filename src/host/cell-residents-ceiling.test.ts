import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOST_LIMITS } from '../protocol/limits.ts';
import { mappingsMax, memoryByMappings, residentsCeiling } from './cell-residents-ceiling.ts';

for (const [mappings, residents] of [
  [undefined, HOST_LIMITS.residentsMax],
  [1_048_576, HOST_LIMITS.residentsMax],
  [65_530, 2_976],
  [26_000, 1_000],
  [1_000, 1],
] as const) {
  test(`${mappings ?? 'nobody knows how many'} mappings are good for ${residents} isolates`, () => assert.equal(residentsCeiling(mappings), residents));
}

test('heaps that grow take mappings too: memory is bounded by them', () => {
  assert.equal(memoryByMappings(undefined), Number.MAX_SAFE_INTEGER);
  assert.equal(memoryByMappings(65_530), (65_530 - 6_000 - 2_976 * 7) * 200 * 1024);
  assert.equal(memoryByMappings(1_000), HOST_LIMITS.cellMemoryBytesMin);
});

test('Linux says how many a process may have', { skip: process.platform === 'linux' ? false : 'needs /proc' }, () => {
  assert.ok((mappingsMax() ?? 0) > 0);
});
