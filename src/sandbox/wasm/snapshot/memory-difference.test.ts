import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { applyDifference, diffMemory } from './memory-difference.ts';
import { PAGE_BYTES } from './memory-page.ts';

const PAGES = 6;

function memoryOf(writes: readonly (readonly [word: number, value: number])[]): Uint8Array {
  const words = new Int32Array((PAGES * PAGE_BYTES) / 4);
  for (const [word, value] of writes) words[word] = value;
  return new Uint8Array(words.buffer);
}

function pageOf(memory: Uint8Array): (page: number) => Uint8Array {
  return (page) => memory.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
}

function changedPages(a: Uint8Array, b: Uint8Array): number[] {
  return [0, 1, 2, 3, 4, 5].filter((page) => Buffer.compare(pageOf(a)(page), pageOf(b)(page)) !== 0);
}

describe('diffMemory and applyDifference', () => {
  it('lead from any memory to any other, and name the pages', () => {
    const near = fc.tuple(fc.constantFrom(0, 1, 2, 3, 4, 1022, 1023, 1024, 1025, 2047, 6143), fc.integer());
    const writes = fc.array(fc.oneof(near, fc.tuple(fc.nat(6143), fc.integer())), { maxLength: 40 });
    fc.assert(
      fc.property(writes, writes, (before, after) => {
        const [base, memory] = [memoryOf(before), memoryOf(after)];
        const pages = changedPages(base, memory);
        const difference = diffMemory(memory, pages, pageOf(base));
        const changed = new Set<number>();
        assert.ok(applyDifference(difference, base, base.length, changed));
        assert.deepEqual(base, memory);
        assert.deepEqual([...changed], pages);
      }),
    );
  });

  it('hold the words that differ and runs of them', () => {
    const base = memoryOf([[1, 5]]);
    const memory = memoryOf([[1, 5 ^ 3], [2, 1], [4, 1], [1023, 7], [1024, 8]]);
    const { words, runs } = diffMemory(memory, [0, 1], pageOf(base));
    assert.deepEqual([...new Int32Array(words.slice().buffer)], [3, 1, 0, 1, 7, 8]);
    assert.deepEqual([...runs], [1, 4, 1018 % 128 | 128, 1018 >> 7, 2]);
  });

  it('are empty where nothing differs', () => {
    const difference = diffMemory(memoryOf([]), [], pageOf(memoryOf([])));
    assert.deepEqual([difference.words.length, difference.runs.length], [0, 0]);
    assert.ok(applyDifference(difference, memoryOf([]), 0, new Set()));
  });
});
