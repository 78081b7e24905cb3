import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { CellMemoryGuard, type GuardedApp } from './cell-memory-guard.ts';

const MB = 1024 * 1024;

/** A cell of which a test says how large it is and what time it is. */
class Stage {
  rssMb = 100;
  nowMs = 0;
  idle = 0;
  readonly done: string[] = [];
  readonly apps = new Map<string, GuardedApp>();
  readonly guard: CellMemoryGuard;

  constructor(t: TestContext, ceilingMb = 10_000) {
    this.guard = new CellMemoryGuard({
      ceilingBytes: ceilingMb * MB,
      rssBytes: () => this.rssMb * MB,
      nowMs: () => this.nowMs,
      app: (name) => this.apps.get(name),
      apps: () => this.apps,
      evict: (count) => this.#evict(count),
      residents: () => 100,
      suspect: (app) => this.done.push(`suspect ${app}`),
      worn: () => this.done.push('worn'),
    });
    t.after(() => this.guard.close());
    this.turn('nobody', 0);
  }

  #evict(count: number): number {
    const evicted = Math.min(count, this.idle);
    this.idle -= evicted;
    if (evicted > 0) this.done.push(`evict ${evicted}`);
    return evicted;
  }

  app(name: string, { limitMb = 128, heapMb = 10, wasmMb = 0, isRecycling = false } = {}): void {
    this.apps.set(name, {
      isResident: true,
      isRecycling,
      memoryBytesMax: limitMb * MB,
      wasmBytes: wasmMb * MB,
      heapBytes: () => heapMb * MB,
      recycle: () => this.done.push(`recycle ${name}`),
      end: () => this.done.push(`end ${name}`),
    });
  }

  /** A turn in which the process grows by that much. */
  turn(name: string, grownMb: number): void {
    const turn = this.guard.begin(name);
    this.nowMs += 10;
    this.rssMb += grownMb;
    this.guard.end(turn);
  }
}

describe('an app that grows', () => {
  test('gets a fresh isolate once it has more than its limit outside of its heap', (t) => {
    const stage = new Stage(t);
    stage.app('a');
    for (let turn = 0; turn < 13; turn++) stage.turn('a', 10);
    assert.deepEqual(stage.done, []);
    stage.turn('a', 10);
    assert.deepEqual(stage.done, ['recycle a']);
  });

  test('goes on while what it has is on its heap', (t) => {
    const stage = new Stage(t);
    stage.app('a', { heapMb: 200 });
    for (let turn = 0; turn < 20; turn++) stage.turn('a', 10);
    assert.deepEqual(stage.done, []);
  });

  test('is left to its limit when that has ended it', (t) => {
    const stage = new Stage(t);
    stage.app('a', { heapMb: 0 });
    for (let turn = 0; turn < 20; turn++) stage.turn('a', 10);
    assert.deepEqual(stage.done, []);
  });

  test('gets the next one as soon, though that takes what the first has left', (t) => {
    const stage = new Stage(t);
    stage.app('a', { heapMb: 1 });
    for (let turn = 0; turn < 13; turn++) stage.turn('a', 10);
    stage.guard.renew('a');
    for (let turn = 0; turn < 12; turn++) stage.turn('a', 0);
    assert.deepEqual(stage.done, ['recycle a']);
    stage.turn('a', 0);
    assert.deepEqual(stage.done, ['recycle a', 'recycle a']);
    stage.guard.forget('a');
    for (let turn = 0; turn < 50; turn++) stage.turn('a', 0);
    assert.equal(stage.done.length, 2);
  });

  test('gets fresh ones less and less often while nothing grows', (t) => {
    const stage = new Stage(t);
    stage.app('a', { heapMb: 1 });
    for (let turn = 0; turn < 13; turn++) stage.turn('a', 10);
    stage.done.length = 0;
    for (let turn = 0; turn < 13 + 26 + 52 + 104; turn++) stage.turn('a', 0);
    assert.equal(stage.done.length, 4);
  });

  test('is not held to what others grew by beside it', (t) => {
    const stage = new Stage(t);
    stage.app('a', { heapMb: 1 });
    stage.app('b', { heapMb: 1 });
    for (let turn = 0; turn < 13; turn++) {
      const other = stage.guard.begin('b');
      stage.turn('a', 30);
      stage.guard.end(other);
    }
    assert.ok(stage.done.includes('recycle a'));
    stage.done.length = 0;
    stage.guard.renew('a');
    for (let turn = 0; turn < 200; turn++) stage.turn('a', 0);
    assert.deepEqual(stage.done, []);
  });

  test('keeps the one that it has while requests go on in the one before, until it has far more for certain', (t) => {
    const stage = new Stage(t);
    stage.app('a', { heapMb: 1, isRecycling: true });
    for (let turn = 0; turn < 38; turn++) stage.turn('a', 10);
    assert.deepEqual(stage.done, []);
    stage.turn('a', 10);
    assert.deepEqual(stage.done, ['recycle a']);
  });

  test('is ended in a turn that goes far over its limit', (t) => {
    const stage = new Stage(t);
    stage.app('a');
    stage.guard.begin('a');
    stage.turn('nobody', 0);
    stage.nowMs += 100;
    stage.rssMb += 500;
    stage.turn('nobody', 0);
    assert.deepEqual(stage.done, ['end a']);
  });

  test('has its turns alone from then on when others ran too', (t) => {
    const stage = new Stage(t);
    stage.app('a');
    stage.app('b');
    stage.guard.begin('a');
    const other = stage.guard.begin('b');
    stage.nowMs += 100;
    stage.rssMb += 900;
    stage.guard.end(other);
    assert.deepEqual(stage.done.filter((what) => !what.startsWith('recycle')), ['suspect a']);
  });
});

describe('a cell that runs full', () => {
  test('evicts idle isolates above its soft mark, some at a time', (t) => {
    const stage = new Stage(t, 1_000);
    stage.idle = 8;
    stage.turn('nobody', 710);
    assert.deepEqual(stage.done, ['evict 5']);
    stage.turn('nobody', 0);
    assert.deepEqual(stage.done, ['evict 5'], 'what they had is given back first');
    stage.nowMs += 100;
    stage.turn('nobody', 0);
    assert.deepEqual(stage.done, ['evict 5', 'evict 3']);
    stage.nowMs += 100;
    stage.rssMb = 700;
    stage.turn('nobody', 0);
    assert.equal(stage.done.length, 2);
  });

  test('ends the largest app above its hard mark once nobody is idle, and looks again before the next', (t) => {
    const stage = new Stage(t, 1_000);
    stage.app('small', { limitMb: 4_096 });
    stage.app('large', { limitMb: 4_096 });
    stage.idle = 1;
    stage.turn('small', 200);
    stage.turn('large', 620);
    assert.deepEqual(stage.done, ['evict 1']);
    stage.nowMs += 100;
    stage.turn('nobody', 0);
    assert.deepEqual(stage.done, ['evict 1', 'end large']);
    stage.nowMs += 100;
    stage.turn('nobody', 0);
    assert.equal(stage.done.length, 2);
  });

  test('waits for what evicted isolates give back before it ends one, unless it runs over', (t) => {
    const stage = new Stage(t, 1_000);
    stage.app('large', { limitMb: 4_096 });
    stage.idle = 2;
    stage.turn('large', 840);
    assert.deepEqual(stage.done, ['evict 2']);
    stage.turn('large', 10);
    stage.turn('large', 10);
    assert.deepEqual(stage.done, ['evict 2']);
    stage.turn('large', 50);
    assert.deepEqual(stage.done, ['evict 2', 'end large']);
  });

  test('counts WebAssembly memories where the process has not grown by them yet', (t) => {
    const stage = new Stage(t, 1_000);
    stage.app('grows', { limitMb: 4_096 });
    stage.app('wasm', { limitMb: 4_096, wasmMb: 900 });
    stage.turn('grows', 820);
    assert.deepEqual(stage.done, ['end wasm']);
  });

  test('asks once to be replaced when no app is to blame', (t) => {
    const stage = new Stage(t, 1_000);
    stage.app('a');
    stage.turn('nobody', 850);
    stage.nowMs += 1_000;
    stage.turn('nobody', 0);
    assert.deepEqual(stage.done, ['worn']);
  });
});
