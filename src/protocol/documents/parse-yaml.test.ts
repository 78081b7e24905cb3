import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from '../../util/test-properties.ts';
import { parseYaml } from './parse-yaml.ts';

const parse = (text: string) => parseYaml('/app/app.nano', text);

describe('parseYaml', () => {
  it('reads mappings, lists, quotes and blocks', () => {
    const text = '# c\nname: a\nenv:\n  A: "1"\n  B: 2\n  C: |\n    x\n    y\nlist: [a, {b: true}]\n1: one\n';
    assert.deepEqual(parse(text).data, { name: 'a', env: { A: '1', B: 2, C: 'x\ny\n' }, list: ['a', { b: true }], 1: 'one' });
  });

  it('reads an empty file as an empty mapping', () => {
    for (const text of ['', '\n', '# nothing\n', '---\n']) assert.deepEqual(parse(text).data, {}, JSON.stringify(text));
  });

  it('reads JSON', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }).filter((text) => !text.includes('__proto__') && text !== 'null'), (text) => assert.deepEqual(parse(text).data, JSON.parse(text))),
    );
  });

  it('fills in aliases with the last anchor before them', () => {
    assert.deepEqual(parse('a: &x 1\nb: *x\nc: &x 2\nd: *x').data, { a: 1, b: 1, c: 2, d: 2 });
  });

  it('knows where keys and values stand', () => {
    const document = parse('env:\n  A: 1\n  B: [x, y]\n');
    assert.deepEqual(document.locate(['env', 'A'], 'key'), { file: '/app/app.nano', line: 2, column: 3 });
    assert.deepEqual(document.locate(['env', 'B', 1], 'value'), { file: '/app/app.nano', line: 3, column: 10 });
    assert.deepEqual(document.locate(['env', 'C'], 'key'), { file: '/app/app.nano', line: 2, column: 3 });
  });

  const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefgh'.split('').map((letter, index) => `${letter}: &${letter} [${Array(10).fill(`*${'abcdefg'[index] ?? ''}`).join()}]`).join('\n')}`;
  const mistakes: readonly (readonly [string, number, number, RegExp])[] = [
    ['a: 1\nb: [1, 2\n', 3, 1, /./],
    ['a: 1\n b: 2', 1, 4, /./],
    ['a: "x', 1, 6, /./],
    ['a: 1\nb: 2\na: 3', 3, 1, /"a" is given twice/],
    ['a: 1\n---\nb: 2', 2, 1, /one YAML document/],
    ['a: .nan', 1, 4, /finite number/],
    ['a: !!binary aGk=', 1, 4, /./],
    ['? [a, b]\n: 1', 1, 3, /key must be text/],
    ['__proto__: 1', 1, 1, /"__proto__" is not allowed/],
    ['a: *x', 1, 4, /no anchor "x"/],
    ['%YAML 1.1\n---\na: &x {b: 1}\nc:\n  <<: *x', 5, 3, /key must be text/],
    [bomb, 1, 1, /More than 100000 values/],
    ['&a [*a]', 1, 1, /levels deep/],
    ['['.repeat(1_000_000), 1, 129, /levels deep/],
    ['{'.repeat(1_000_000), 1, 129, /levels deep/],
    ['- '.repeat(500_000), 1, 1, /levels deep/],
    ['? '.repeat(500_000), 1, 1, /levels deep/],
  ];
  for (const [text, line, column, message] of mistakes) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.throws(() => parse(text), (error: { code: string; message: string; position: { line: number; column: number } }) => {
        assert.equal(error.code, 'config_invalid');
        assert.match(error.message, message);
        assert.equal(error.position.line, line);
        assert.ok(error.position.column >= column, `column ${error.position.column}`);
        return true;
      });
    });
  }

  it('refuses a key twice among many in linear time', () => {
    const many = Array.from({ length: 30_000 }, (_, index) => `k${index}: 1`).join('\n');
    assert.throws(() => parse(`${many}\nk7: 2`), { code: 'config_invalid', message: /"k7" is given twice/ });
  });
});
