import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from '../../../util/test-properties.ts';
import { applyDifference, diffMemory, mergeDifferences, type MemoryDifference, type PiecewiseDifference } from './memory-difference.ts';
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

function inPieces({ words, runs }: MemoryDifference, pieceWords: number): PiecewiseDifference {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < words.length; at += pieceWords * 4) pieces.push(words.subarray(at, at + pieceWords * 4));
  return { words: pieces, runs };
}

describe('diffMemory and applyDifference', () => {
  it('lead from any memory to any other, and name the pages', () => {
    const near = fc.tuple(fc.constantFrom(0, 1, 2, 3, 4, 1022, 1023, 1024, 1025, 2047, 6143), fc.integer());
    const writes = fc.array(fc.oneof(near, fc.tuple(fc.nat(6143), fc.integer())), { maxLength: 40 });
    fc.assert(
      fc.property(writes, writes, fc.constantFrom(1, 3, 6144), (before, after, pieceWords) => {
        const [base, memory] = [memoryOf(before), memoryOf(after)];
        const pages = changedPages(base, memory);
        const difference = diffMemory(memory, pages, pageOf(base));
        const changed = new Set<number>();
        assert.ok(applyDifference(inPieces(difference, pieceWords), base, base.length, changed));
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
    assert.ok(applyDifference(inPieces(difference, 1), memoryOf([]), 0, new Set()));
  });
});

describe('mergeDifferences', () => {
  it('leads as far as both, as the difference of both ends does', () => {
    const writes = fc.array(fc.tuple(fc.oneof(fc.nat(20), fc.nat(6143)), fc.integer()), { maxLength: 40 });
    fc.assert(
      fc.property(writes, writes, writes, (first, second, third) => {
        const [a, b, c] = [memoryOf(first), memoryOf(second), memoryOf(third)];
        const between = (from: Uint8Array, to: Uint8Array): MemoryDifference => diffMemory(to, changedPages(from, to), pageOf(from));
        assert.deepEqual(mergeDifferences(between(a, b), between(b, c)), between(a, c));
      }),
    );
  });
});
