import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../util/test-properties.ts';
import { JsonEnd } from './json-end.ts';

test('any value, cut anywhere, is found whole, and nothing after it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(), fc.constantFrom('', '  ', '\n'), (value, cut, before) => {
      const text = JSON.stringify(value);
      const whole = `${before}${text}\n\n\n\n`;
      const end = new JsonEnd();
      const at = cut % whole.length;
      const got = end.push(whole.slice(0, at)) + end.push(whole.slice(at));
      assert.equal(end.isOver, true);
      assert.equal(got.trim(), text);
    }),
  );
});

test('brackets and quotes in strings end nothing', () => {
  const end = new JsonEnd();
  assert.equal(end.push('{"a":"}\\"}'), '{"a":"}\\"}');
  assert.equal(end.isOver, false);
  assert.equal(end.push('"}{'), '"}');
  assert.equal(end.isOver, true);
});
