import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../util/test-properties.ts';
import { JsonStringReader } from './json-string-reader.ts';

test('any string, escaped in any way and cut anywhere', () => {
  const escaped = (text: string): string => text.replaceAll(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.boolean(), fc.array(fc.nat(), { maxLength: 4 }), (value, all, cuts) => {
      const written = `${all ? escaped(value) : JSON.stringify(value).slice(1, -1)}"} behind`;
      const places = [0, ...cuts.map((cut) => cut % written.length), written.length].toSorted((a, b) => a - b);
      const reader = new JsonStringReader();
      const pieces = places.slice(1).map((place, index) => reader.push(written.slice(places[index], place)));
      assert.equal(pieces.join(''), value);
      assert.equal(reader.isOver, true);
      for (const piece of pieces) if (all) assert.ok(piece.isWellFormed());
    }),
  );
});
