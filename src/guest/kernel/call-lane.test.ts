import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallLane } from './call-lane.ts';

const AT_ONCE = 16;

/** A lane whose calls note that they were begun; `given` are those that are given up when their turn comes. */
function laneOf(count: number, given: readonly number[] = []): { lane: CallLane; begun: number[] } {
  const begun: number[] = [];
  const lane = new CallLane();
  for (let call = 0; call < count; call++) {
    lane.add({
      begin: () => {
        if (given.includes(call)) return false;
        begun.push(call);
        return true;
      },
      next: undefined,
    });
  }
  return { lane, begun };
}

test('as many as may begin at once, the next one with each end, in order', () => {
  const { lane, begun } = laneOf(AT_ONCE + 3);
  assert.deepEqual(begun, Array.from({ length: AT_ONCE }, (_, call) => call));
  lane.ended();
  assert.equal(begun.at(-1), AT_ONCE);
  lane.ended();
  lane.ended();
  lane.ended();
  assert.equal(begun.length, AT_ONCE + 3);
  lane.add({ begin: () => begun.push(-1) > 0, next: undefined });
  assert.equal(begun.at(-1), -1);
});

test('those that are given up make room for the next one', () => {
  const { lane, begun } = laneOf(AT_ONCE + 5, [3, AT_ONCE + 1, AT_ONCE + 2, AT_ONCE + 3]);
  assert.deepEqual(begun.at(-1), AT_ONCE);
  lane.ended();
  assert.deepEqual(begun.at(-1), AT_ONCE + 4);
});

test('an empty lane goes on with what comes later', () => {
  const { lane, begun } = laneOf(1);
  lane.ended();
  for (let call = 0; call < AT_ONCE + 1; call++) lane.add({ begin: () => begun.push(call) > 0, next: undefined });
  assert.equal(begun.length, AT_ONCE + 1);
});
