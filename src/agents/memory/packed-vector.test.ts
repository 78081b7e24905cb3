import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../util/test-properties.ts';
import { cosineTo, packVector } from './packed-vector.ts';

test('a packed vector keeps its direction to within a hundredth', () => {
  const value = fc.integer({ min: -1_000, max: 1_000 }).map((whole) => whole / 16);
  fc.assert(
    fc.property(fc.array(value, { minLength: 4, maxLength: 64 }), (vector) => {
      const packed = packVector(vector);
      assert.equal(packed.length, vector.length);
      // what is smaller than a step beside the largest number is rounded away; the largest itself never is
      const isFlat = vector.every((number) => number === 0);
      assert.ok(isFlat ? cosineTo(vector, packed) === 0 : cosineTo(vector, packed) > 0.99, String(vector));
    }),
  );
});

test('opposite, across, and none', () => {
  assert.equal(cosineTo([1, 0], packVector([-5, 0])), -1);
  assert.equal(cosineTo([1, 0], packVector([0, 2])), 0);
  assert.equal(cosineTo([0, 0], packVector([1, 1])), 0);
  assert.equal(cosineTo([1, 1], packVector([0, 0])), 0);
});
