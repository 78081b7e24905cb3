import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from '../../util/test-properties.ts';
import { CONFIG_DEPTH_MAX } from './config-document.ts';
import { parseJsonc } from './parse-jsonc.ts';

const parse = (text: string) => parseJsonc('/app/wrangler.jsonc', text);

describe('parseJsonc', () => {
  it('reads comments and trailing commas', () => {
    assert.deepEqual(parse('// c\n{ "a": [1, 2,], /* d */ "b": { "c": null, }, }').data, { a: [1, 2], b: { c: null } });
  });

  it('reads all JSON as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }).filter((text) => !text.includes('__proto__')), (text) => assert.deepEqual(parse(text).data, JSON.parse(text))),
    );
  });

  it('knows where keys and values stand, and takes the nearest part around what is not there', () => {
    const document = parse('{\n  "a": [\n    1, { "b": 2 }\n  ]\n}');
    assert.deepEqual(document.locate(['a', 1, 'b'], 'key'), { file: '/app/wrangler.jsonc', line: 3, column: 10 });
    assert.deepEqual(document.locate(['a', 1, 'b'], 'value'), { file: '/app/wrangler.jsonc', line: 3, column: 15 });
    assert.deepEqual(document.locate(['a', 7, 'b'], 'value'), { file: '/app/wrangler.jsonc', line: 2, column: 8 });
    assert.deepEqual(document.locate([], 'value'), { file: '/app/wrangler.jsonc', line: 1, column: 1 });
  });

  const mistakes: readonly (readonly [string, number, number, RegExp])[] = [
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3, /comma expected/i],
    ['{ "a": }', 1, 8, /value expected/i],
    ['{ "a": 1', 1, 9, /close brace expected/i],
    ['', 1, 1, /value expected/i],
    ['{}\n{}', 2, 1, /end of file expected/i],
    ['{ "a": 1,\n "a": 2 }', 2, 2, /"a" is given twice/],
    ['{ "__proto__": {} }', 1, 3, /"__proto__" is not allowed/],
    ['[{ "a": { "__proto__": 1 } }]', 1, 11, /"__proto__" is not allowed/],
  ];
  for (const [text, line, column, message] of mistakes) {
    it(`points into ${JSON.stringify(text)}`, () => {
      assert.throws(() => parse(text), { code: 'config_invalid', message, position: { file: '/app/wrangler.jsonc', line, column } });
    });
  }

  it('reads as many levels as are allowed and not one more', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    assert.ok(Array.isArray(parse(nested(CONFIG_DEPTH_MAX)).data));
    assert.throws(() => parse(nested(CONFIG_DEPTH_MAX + 1)), { code: 'config_invalid', message: /levels deep/ });
    assert.throws(() => parse('{"a":'.repeat(200_000)), { code: 'config_invalid', message: /levels deep/ });
  });
});
