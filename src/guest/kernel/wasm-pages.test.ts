import assert from 'node:assert/strict';
import { test } from 'node:test';
import wabt from 'wabt';
import { initialPages } from './wasm-pages.ts';

const { parseWat } = await wabt();

function pagesOf(text: string): number {
  const parsed = parseWat('module.wat', text);
  const bytes = new Uint8Array(parsed.toBinary({}).buffer);
  parsed.destroy();
  return initialPages(bytes.buffer);
}

for (const [text, pages] of [
  ['(module)', 0],
  ['(module (memory 3))', 3],
  ['(module (func) (memory (export "m") 1000 65536) (func) (data (i32.const 0) "x"))', 1_000],
  ['(module (import "a" "m" (memory 7)) (func (export "f")))', 0],
] as const) {
  test(`${text} begins with ${pages} pages of its own`, () => assert.equal(pagesOf(text), pages));
}

test('a module that ends in the middle is refused', () => {
  assert.throws(() => initialPages(Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, 5, 0x83]).buffer), RangeError);
});
