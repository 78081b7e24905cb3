import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CellBlame, isAbort } from './cell-blame.ts';

const MINUTE = 60_000;

describe('isAbort', () => {
  test('what runs in a process can bring these about', () => {
    for (const signal of ['SIGABRT', 'SIGTRAP', 'SIGSEGV', 'SIGBUS', 'SIGILL']) assert.equal(isAbort(null, signal), true, signal);
    for (const code of [133, 134, 139]) assert.equal(isAbort(code, null), true, `${code}`);
  });

  test('these are done to it, or are ways to exit', () => {
    for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT']) assert.equal(isAbort(null, signal), false, signal);
    for (const code of [0, 1, 137, 143]) assert.equal(isAbort(code, null), false, `${code}`);
  });
});

describe('CellBlame', () => {
  test('the first cell that an app costs is forgiven, not the second within ten minutes', () => {
    const blame = new CellBlame();
    assert.equal(blame.lostThread('a', 0), false);
    assert.equal(blame.lostThread('b', 1), false);
    assert.equal(blame.lostThread('a', 10 * MINUTE), true);
    assert.equal(blame.lostThread('a', 20 * MINUTE + 1), false);
    assert.deepEqual(blame.suspects(20 * MINUTE + 1), []);
  });

  test('of several that were inside none is held back, and all have their turns alone', () => {
    const blame = new CellBlame();
    assert.equal(blame.aborted(['a', 'b'], 0), undefined);
    assert.equal(blame.aborted(['a', 'b'], 1), undefined);
    assert.deepEqual(blame.suspects(MINUTE + 1), [{ name: 'a', forMs: 9 * MINUTE }, { name: 'b', forMs: 9 * MINUTE }]);
    assert.equal(blame.aborted(['b'], MINUTE), 'b');
  });

  test('one that was alone inside is held back the second time', () => {
    const blame = new CellBlame();
    assert.equal(blame.aborted(['a'], 0), undefined);
    assert.equal(blame.aborted([], 1), undefined);
    assert.equal(blame.aborted(['a'], 2), 'a');
  });

  test('a new version starts anew', () => {
    const blame = new CellBlame();
    blame.aborted(['a'], 0);
    blame.forget('a');
    assert.deepEqual(blame.suspects(1), []);
    assert.equal(blame.aborted(['a'], 1), undefined);
  });

  test('suspicion ends after ten minutes', () => {
    const blame = new CellBlame();
    blame.aborted(['a'], 0);
    assert.deepEqual(blame.suspects(10 * MINUTE), []);
  });
});
