import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseSequence } from './choose-sequence.ts';

test('a conversation goes on where it was', () => {
  const idle = [{ tokens: [1, 2, 9], usedMs: 10 }, { tokens: [1, 2, 3], usedMs: 20 }, { tokens: [], usedMs: 0 }];
  assert.equal(chooseSequence(idle, [1, 2, 3, 4], 30), 1);
});

test('a short shared start is not worth a long history that may be needed again', () => {
  const idle = [{ tokens: [1, 2, 3, 4, 5, 6], usedMs: 10 }, { tokens: [], usedMs: 0 }];
  assert.equal(chooseSequence(idle, [1, 2, 9], 30), 1);
  assert.equal(chooseSequence(idle, [1, 2, 9], 100_000), 0, 'nobody came back for it');
  assert.equal(chooseSequence(idle, [1, 2, 3, 4, 9], 30), 0, 'most of it is shared');
});

test('among equals the one that has been idle longest', () => {
  assert.equal(chooseSequence([{ tokens: [], usedMs: 5 }, { tokens: [], usedMs: 3 }, { tokens: [], usedMs: 4 }], [1], 10), 1);
});
