import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HotApps } from './hot-apps.ts';

function rounds(apps: HotApps, count: number, ownersMax = 3): { app: string; owners: number }[] {
  return Array.from({ length: count }, () => apps.review(ownersMax)).flat();
}

test('an app that keeps its cell busy for three rounds gets another, and more only while they are busy too', () => {
  const apps = new HotApps();
  apps.report(0, [{ app: 'hot', share: 0.7 }, { app: 'warm', share: 0.69 }]);
  assert.deepEqual(rounds(apps, 2), []);
  assert.deepEqual(rounds(apps, 1), [{ app: 'hot', owners: 2 }]);
  assert.deepEqual(apps.hot, [{ app: 'hot', owners: 2 }]);
  assert.deepEqual(rounds(apps, 10), []);
  apps.report(1, [{ app: 'hot', share: 0.7 }]);
  assert.deepEqual(rounds(apps, 3), [{ app: 'hot', owners: 3 }]);
  apps.report(2, [{ app: 'hot', share: 1 }]);
  assert.deepEqual(rounds(apps, 100), []);
});

test('a quiet round between starts the count anew', () => {
  const apps = new HotApps();
  for (let turn = 0; turn < 5; turn++) {
    apps.report(0, [{ app: 'hot', share: 1 }]);
    assert.deepEqual(rounds(apps, 2), []);
    apps.report(0, []);
    assert.deepEqual(rounds(apps, 1), []);
  }
  assert.deepEqual(apps.hot, []);
});

test('what it got goes back when fewer cells have been enough for thirty rounds', () => {
  const apps = new HotApps();
  apps.report(0, [{ app: 'hot', share: 1 }]);
  rounds(apps, 3);
  apps.report(0, [{ app: 'hot', share: 0.2 }]);
  apps.report(1, [{ app: 'hot', share: 0.2 }]);
  assert.deepEqual(rounds(apps, 100), []);
  apps.report(1, [{ app: 'hot', share: 0.19 }]);
  assert.deepEqual(rounds(apps, 29), []);
  assert.deepEqual(rounds(apps, 1), [{ app: 'hot', owners: 1 }]);
  assert.deepEqual(apps.hot, []);
});

test('what a cell that is gone said last counts no more', () => {
  const apps = new HotApps();
  apps.report(0, [{ app: 'hot', share: 1 }]);
  rounds(apps, 2);
  apps.lost(0);
  assert.deepEqual(rounds(apps, 5), []);
});

test('no app gets more cells than there are for it', () => {
  const apps = new HotApps();
  apps.report(0, [{ app: 'hot', share: 1 }]);
  assert.deepEqual(rounds(apps, 10, 1), []);
  apps.report(1, [{ app: 'hot', share: 1 }]);
  assert.deepEqual(rounds(apps, 3, 2), [{ app: 'hot', owners: 2 }]);
  assert.deepEqual(rounds(apps, 1, 1), [{ app: 'hot', owners: 1 }]);
});
