import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from '../../util/test-properties.ts';
import { stringify } from 'smol-toml';
import type { Json } from '../app.ts';
import { CONFIG_DEPTH_MAX } from './config-document.ts';
import type { Path } from './config-document.ts';
import { parseToml } from './parse-toml.ts';

const parse = (text: string) => parseToml('/app/wrangler.toml', text);

const SAMPLE = `# comment with = and [brackets]
name = "a" # [x]
"quoted key" = 'literal'
limits = { cpu_ms = 10, 'sub.requests' = 5 }
routes = [
  "a.com/*", # first
  { pattern = "b.com/*", zone_name = "b.com" },
]
text = """
fake = 1
[fake]
quote: "" and \\""" """
dotted.key . "x" = 1979-05-27 07:32:00

[vars]
A = """"quoted""""
[vars.deep]
B = ''

[[rules]]
type = "Text"

[[rules]]
  type = "Data"
  [rules.more]
  z = true
`;

describe('parseToml', () => {
  it('reads tables, arrays, strings and dates', () => {
    assert.deepEqual(parse(SAMPLE).data, {
      name: 'a',
      'quoted key': 'literal',
      limits: { cpu_ms: 10, 'sub.requests': 5 },
      routes: ['a.com/*', { pattern: 'b.com/*', zone_name: 'b.com' }],
      text: 'fake = 1\n[fake]\nquote: "" and """ ',
      dotted: { key: { x: '1979-05-27T07:32:00.000' } },
      vars: { A: '"quoted"', deep: { B: '' } },
      rules: [{ type: 'Text' }, { type: 'Data', more: { z: true } }],
    });
  });

  const places: readonly (readonly [Path, 'key' | 'value', number, number])[] = [
    [['name'], 'key', 2, 1],
    [['name'], 'value', 2, 8],
    [['quoted key'], 'key', 3, 1],
    [['limits', 'sub.requests'], 'key', 4, 25],
    [['limits', 'sub.requests'], 'value', 4, 42],
    [['routes', 0], 'value', 6, 3],
    [['routes', 1, 'zone_name'], 'key', 7, 26],
    [['text'], 'key', 9, 1],
    [['dotted', 'key', 'x'], 'key', 13, 14],
    [['vars'], 'key', 15, 2],
    [['vars', 'A'], 'value', 16, 5],
    [['vars', 'deep', 'B'], 'key', 18, 1],
    [['rules', 1, 'type'], 'key', 24, 3],
    [['rules', 1, 'more', 'z'], 'value', 26, 7],
    [['rules', 1, 'nothing'], 'value', 23, 1],
  ];
  for (const [path, part, line, column] of places) {
    it(`finds the ${part} of ${path.join('.')}`, () => {
      assert.deepEqual(parse(SAMPLE).locate(path, part), { file: '/app/wrangler.toml', line, column });
    });
  }

  it('finds every key of what the library writes', () => {
    const key = fc.oneof(fc.stringMatching(/^[A-Za-z0-9_-]{1,5}$/), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 })).filter((name) => name !== '__proto__');
    const { table } = fc.letrec<{ table: Record<string, Json>; value: Json }>((tie) => ({
      table: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
      value: fc.oneof({ maxDepth: 4 }, fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean(), fc.array(fc.integer()), tie('table'), fc.array(tie('table'), { maxLength: 3 })),
    }));
    fc.assert(
      fc.property(table, (data) => {
        const text = stringify(data);
        const lines = text.split('\n');
        const document = parse(text);
        for (const path of paths(data)) {
          const { line, column } = document.locate(path, 'key');
          const rest = (lines[line - 1] ?? '').slice(column - 1);
          const name = String(path.at(-1));
          assert.ok(rest.startsWith(name) || rest.startsWith(JSON.stringify(name).slice(0, 1)), `${JSON.stringify(path)} at ${line}:${column} of\n${text}`);
        }
      }),
    );
  });

  const mistakes: readonly (readonly [string, number, RegExp])[] = [
    ['name = "a"\nmain = \n', 2, /./],
    ['name = "a"\nname = "b"', 2, /./],
    ['[vars\nA = 1', 1, /./],
    ['a = nan', 1, /nan and inf are not allowed/],
    ['__proto__ = 1', 1, /"__proto__" is not allowed/],
    [`${'a.'.repeat(CONFIG_DEPTH_MAX + 1)}b = 1`, 1, /levels deep/],
    [`a = ${'['.repeat(100_000)}`, 1, /nested/i],
  ];
  for (const [text, line, message] of mistakes) {
    it(`points into ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.throws(() => parse(text), (error: { code: string; message: string; position: { line: number; column: number } }) => {
        assert.equal(error.code, 'config_invalid');
        assert.equal(error.position.line, line);
        assert.ok(error.position.column >= 1);
        assert.match(error.message, message);
        assert.ok(!error.message.includes('\n'));
        return true;
      });
    });
  }
});

function paths(value: Json, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  const steps = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return steps.flatMap(([step, inner]) => [...(typeof step === 'string' ? [[...path, step]] : []), ...paths(inner, [...path, step])]);
}
