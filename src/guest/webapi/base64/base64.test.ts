import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../util/test-properties.ts';
import { installBase64 } from './index.ts';

const global: Record<string, unknown> = {};
installBase64(global);
const { atob, btoa } = global as { atob: (data: unknown) => string; btoa: (data: unknown) => string };

function outcome(action: () => string): string {
  try {
    return action();
  } catch (error) {
    return (error as Error).name;
  }
}

test('btoa agrees with the platform', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.integer({ min: 0, max: 0x101 }).map((unit) => String.fromCharCode(unit)), maxLength: 40 }), (text) => {
      assert.equal(outcome(() => btoa(text)), outcome(() => globalThis.btoa(text)));
    }),
  );
});

test('atob agrees with the platform', () => {
  const characters = fc.constantFrom(...Array.from('AZaz09+/==-_ \t\n\f\r'), 'é', '\u000b');
  fc.assert(fc.property(fc.string({ unit: characters, maxLength: 12 }), (text) => assert.equal(outcome(() => atob(text)), outcome(() => globalThis.atob(text)))), { numRuns: 2000 });
});

test('long texts go there and back', () => {
  const text = String.fromCharCode(...Array.from({ length: 30_000 }, (_, i) => i % 256));
  assert.equal(atob(btoa(text)), text);
});

test('what is no base64 is an InvalidCharacterError', () => {
  for (const text of ['a', 'ab=', 'ab=c', 'a===', '=', 'ab-_', 'a\u00a0bcd']) assert.throws(() => atob(text), { name: 'InvalidCharacterError', code: 5 }, text);
  assert.throws(() => btoa('\u0100'), { name: 'InvalidCharacterError' });
  assert.throws(() => Reflect.apply(atob, undefined, []), TypeError);
  assert.equal(atob(null), '\u009e\u00e9e', 'null is the text "null"');
});
