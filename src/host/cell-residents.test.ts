import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { idleToEvict, roomForMemories, weightOf, type Resident } from './cell-residents.ts';

interface Named extends Resident {
  readonly name: string;
}

const NOTHING = { idleMsMax: 1_000, residentsMax: 100, shortBy: 0 };

function resident(name: string, usedMs: number, isIdle = true, wasmMemories = 0): Named {
  return { name, usedMs, isIdle, wasmMemories };
}

function evicted(residents: readonly Named[], nowMs: number, bounds: Partial<typeof NOTHING>): string[] {
  return idleToEvict(residents, nowMs, { ...NOTHING, ...bounds }).map(({ name }) => name);
}

const FOUR = [resident('c', 300), resident('a', 100), resident('busy', 0, false), resident('b', 200)];

describe('what goes', () => {
  test('is nobody without need', () => assert.deepEqual(evicted(FOUR, 400, {}), []));
  test('was idle for too long', () => assert.deepEqual(evicted(FOUR, 1_250, {}), ['a', 'b']));
  test('is the least recently used of too many', () => assert.deepEqual(evicted(FOUR, 400, { residentsMax: 2 }), ['a', 'b']));
  test('makes room when memory runs short', () => assert.deepEqual(evicted(FOUR, 400, { shortBy: 1 }), ['a']));
  test('is never under way', () => assert.deepEqual(evicted(FOUR, 9_999, { residentsMax: 0, shortBy: 10 }), ['a', 'b', 'c']));
});

test('WebAssembly memories count for the mappings that they take', () => {
  assert.equal(weightOf(resident('a', 0, true, 20)), 4);
  assert.deepEqual(evicted([resident('a', 100), resident('b', 200, true, 400)], 300, { residentsMax: 50 }), ['a', 'b']);
  assert.deepEqual(evicted([resident('a', 100, true, 400), resident('b', 200)], 300, { residentsMax: 50 }), ['a']);
});

describe('room for WebAssembly memories', () => {
  const going = (residents: readonly Named[], memoriesMax: number): string[][] => {
    const { evicted, ended } = roomForMemories(residents, memoriesMax);
    return [evicted.map(({ name }) => name), ended.map(({ name }) => name)];
  };
  const idle = [resident('b', 200, true, 30), resident('none', 50), resident('a', 100, true, 30), resident('c', 300, true, 30)];
  const busy = [resident('few', 0, false, 10), resident('many', 0, false, 100), resident('more', 0, false, 60)];

  test('needs nobody to go within the ceiling', () => assert.deepEqual(going([...idle, ...busy], 260), [[], []]));
  test('comes from idle ones first, the least recently used', () => assert.deepEqual(going([...idle, ...busy], 230), [['a', 'b'], []]));
  test('is a little more than was missing', () => assert.deepEqual(going(idle, 89), [['a'], []]));
  test('then from who has most', () => assert.deepEqual(going([...idle, ...busy], 160), [['a', 'b', 'c'], ['many']]));
  test('is there, whatever it costs', () => assert.deepEqual(going(busy, 20), [[], ['many', 'more']]));
});
