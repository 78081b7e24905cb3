import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../util/test-properties.ts';
import { canonicalJson } from './canonical-json.ts';

test('keeps every JSON value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('spells equal values alike, whatever the order of their keys', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const reversed = Object.fromEntries(Object.entries(value).toReversed());
      assert.equal(canonicalJson(reversed), canonicalJson(value));
    }),
  );
});

test('sorts keys by their UTF-16 units (RFC 8785, 3.2.3)', () => {
  const keys = ['\u20ac', '\r', '\ufb33', '1', '\u{1f600}', '\u0080', '\u00f6'];
  const sorted = Object.keys(JSON.parse(canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])))) as object);
  assert.deepEqual(sorted, ['1', '\r', '\u0080', '\u00f6', '\u20ac', '\u{1f600}', '\ufb33']);
});

test('leaves out what is undefined, and refuses what JSON has no form for', () => {
  assert.equal(canonicalJson({ b: undefined, a: [null, -0, 1e21] }), '{"a":[null,0,1e+21]}');
  for (const value of [undefined, [undefined], Number.NaN, { a: Number.POSITIVE_INFINITY }, 1n, () => 0, Symbol('a')]) assert.throws(() => canonicalJson(value), TypeError);
});
