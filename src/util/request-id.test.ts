import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRequestIds } from './request-id.ts';

const processA = Uint8Array.of(1, 2, 3, 4, 5);
const processB = Uint8Array.of(1, 2, 3, 4, 6);

describe('createRequestIds', () => {
  it('makes 22 characters that are safe everywhere', () => {
    assert.match(createRequestIds(() => 1_700_000_000_000, processA)(), /^[0-9a-z]{22}$/);
  });

  it('sorts by time and never repeats, whatever the clock does', () => {
    const clock = [5, 5, 5, 7, 6, 3, 7, 8, 1_700_000_000_000, 9, 2 ** 45];
    let tick = 0;
    const next = createRequestIds(() => clock[tick++ % clock.length] ?? 0, processA);
    const ids = Array.from({ length: 200 }, next);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(ids.toSorted(), ids);
  });

  it('goes on past the counter of one millisecond', () => {
    const next = createRequestIds(() => 1, processA);
    let last = '';
    for (let i = 0; i < 32 ** 4 + 2; i++) {
      const id = next();
      assert.ok(id > last);
      last = id;
    }
  });

  it('tells processes apart', () => {
    assert.notEqual(createRequestIds(() => 1, processA)(), createRequestIds(() => 1, processB)());
  });
});
