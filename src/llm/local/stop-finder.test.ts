import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../util/test-properties.ts';
import { StopFinder } from './stop-finder.ts';

test('what may become a stop is held back, and let go when it does not', () => {
  const finder = new StopFinder(['STOP', '\n\n']);
  assert.equal(finder.push('one S'), 'one ');
  assert.equal(finder.push('T'), '');
  assert.equal(finder.push('AY\n'), 'STAY');
  assert.equal(finder.push('x\n'), '\nx');
  assert.equal(finder.push('\nrest'), '');
  assert.equal(finder.isFound, true);
  assert.equal(finder.push('more'), '');
  assert.equal(finder.end(), '');
});

test('however the text is cut, the result is what stands before the first stop', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
  const stop = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(letters), fc.array(stop, { maxLength: 3 }), (pieces, stops) => {
      const finder = new StopFinder(stops);
      const got = pieces.map((piece) => finder.push(piece)).join('') + finder.end();
      const text = pieces.join('');
      const first = Math.min(...stops.map((wanted) => text.indexOf(wanted)).filter((index) => index >= 0), text.length);
      assert.ok(text.startsWith(got));
      assert.ok(finder.isFound ? stops.some((wanted) => text.slice(got.length).startsWith(wanted)) : got === text && first === text.length);
    }),
  );
});
