import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OwnerTable } from '../protocol/cell-messages.ts';
import { AppOwners } from './app-owners.ts';

const APPS = Array.from({ length: 3_000 }, (_, index) => `app-${index}`);

function owners(cells: readonly number[], change: Partial<OwnerTable> = {}): AppOwners {
  return new AppOwners({ cells, apart: undefined, hot: [], ...change });
}

function moved(before: AppOwners, after: AppOwners): string[] {
  return APPS.filter((app) => before.of(app)[0] !== after.of(app)[0]);
}

describe('an app in good standing', () => {
  test('lives in one cell, and all cells have about as many', () => {
    const table = owners([1, 2, 3]);
    const counts = [0, 0, 0];
    for (const app of APPS) {
      const [slot, ...others] = table.of(app);
      assert.deepEqual(others, []);
      counts[slot!]!++;
    }
    for (const count of counts) assert.ok(count > 850 && count < 1_150, counts.join(', '));
  });

  test('does not move when a cell is replaced', () => {
    assert.deepEqual(moved(owners([1, 2, 3]), owners([1, 9, 3])), []);
  });

  test('moves while its slot is empty, and nobody else does', () => {
    const before = owners([1, 2, 3]);
    const after = owners([1, 0, 3]);
    assert.deepEqual(moved(before, after), APPS.filter((app) => before.of(app)[0] === 1));
    assert.ok(APPS.every((app) => after.of(app)[0] !== 1));
  });

  test('stays where it is when all slots are empty: requests wait', () => {
    assert.deepEqual(moved(owners([1, 2]), owners([0, 0])), []);
  });

  test('lives in as many cells as it is hot for, the first of them where it was', () => {
    const hot = [{ app: 'app-7', owners: 2 }];
    const slots = owners([1, 2, 3], { hot }).of('app-7');
    assert.equal(slots.length, 2);
    assert.equal(slots[0], owners([1, 2, 3]).of('app-7')[0]);
    assert.equal(owners([1, 2], { hot: [{ app: 'app-7', owners: 5 }] }).of('app-7').length, 2);
  });
});

describe('an app that cost a cell', () => {
  const apart = { slot: 1, apps: ['app-3', 'app-4'] };

  test('lives where only its like do', () => {
    for (const cells of [[1, 2], [1, 0], [0, 2]]) {
      const table = owners(cells, { apart });
      for (const app of APPS) assert.equal(table.of(app)[0] === 1, apart.apps.includes(app), app);
    }
  });

  test('moves only who lived there', () => {
    const before = owners([1, 2, 3]);
    const after = owners([1, 2, 3], { apart });
    assert.deepEqual(moved(before, after), APPS.filter((app) => (before.of(app)[0] === 1) !== apart.apps.includes(app)));
  });

  test('gets no further cells, however hot', () => {
    assert.deepEqual(owners([1, 2, 3], { apart, hot: [{ app: 'app-3', owners: 3 }] }).of('app-3'), [1]);
  });
});
