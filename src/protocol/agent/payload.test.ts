import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packPayload, PAYLOAD_HEAD_BYTES_MAX, PAYLOAD_HEAD_DEPTH_MAX, unpackPayload } from './payload.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function nested(depth: number): string {
  return '[{"a":'.repeat(depth / 2) + '0' + '}]'.repeat(depth / 2);
}

test('a head, and bytes behind a line feed', () => {
  const body = new Uint8Array([0, 10, 255]);
  assert.deepEqual(unpackPayload(packPayload({ a: '\n"[' }, body)), { head: { a: '\n"[' }, body });
  assert.deepEqual(unpackPayload(bytes('null')), { head: null, body: undefined });
  assert.deepEqual(unpackPayload(bytes('')), { head: undefined, body: undefined });
});

test('a head is JSON in UTF-8', () => {
  for (const text of ['\n', '{', "{'a':1}", '\ufeff{}x', ']'.repeat(1000)]) assert.throws(() => unpackPayload(bytes(text)), SyntaxError, text);
  assert.throws(() => unpackPayload(new Uint8Array([0x22, 0xff, 0x22])), TypeError);
});

test('a head is bounded in length and depth', () => {
  assert.deepEqual(packPayload(unpackPayload(bytes(nested(PAYLOAD_HEAD_DEPTH_MAX))).head), bytes(nested(PAYLOAD_HEAD_DEPTH_MAX)));
  assert.throws(() => unpackPayload(bytes(nested(PAYLOAD_HEAD_DEPTH_MAX + 2))), RangeError);
  assert.throws(() => unpackPayload(bytes('['.repeat(PAYLOAD_HEAD_BYTES_MAX))), RangeError);
  const long = 'x'.repeat(PAYLOAD_HEAD_BYTES_MAX - 2);
  assert.equal(unpackPayload(bytes(`"${long}"`)).head, long);
  assert.throws(() => unpackPayload(bytes(`"${long}x"`)), RangeError);
});

test('brackets in text are no depth', () => {
  const text = `${'[{'.repeat(1000)}\\"${'['.repeat(200)}`;
  assert.equal(unpackPayload(packPayload(text)).head, text);
  assert.equal(unpackPayload(packPayload([text, '\\'], bytes('['.repeat(1000)))).body?.length, 1000);
});

test('a key named __proto__ is a key', () => {
  const { head } = unpackPayload(bytes('{"__proto__":{"path":"x"}}'));
  assert.deepEqual([Object.getPrototypeOf(head), Object.keys(head ?? {})], [Object.prototype, ['__proto__']]);
});
