import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from '../../util/test-properties.ts';
import { NanosError } from '../../protocol/errors.ts';
import { parseDotenv } from './parse-dotenv.ts';

const parse = (text: string) => parseDotenv('/app/.dev.vars', text);

describe('parseDotenv', () => {
  const examples: readonly (readonly [string, string, Record<string, string>])[] = [
    ['plain pairs', 'A=1\nB=two words \n', { A: '1', B: 'two words' }],
    ['no pairs', '', {}],
    ['an empty value', 'A=\nB=', { A: '', B: '' }],
    ['blanks around key and value', '  A =  1  ', { A: '1' }],
    ['Windows line ends', 'A=1\r\nB="x\r\ny"\r\n', { A: '1', B: 'x\ny' }],
    ['comments', '# one\nA=1 # two\n\n  # three\nB=2#four', { A: '1', B: '2' }],
    ['a comment mark in quotes', 'A="#1" # comment\nB=\'#2\'', { A: '#1', B: '#2' }],
    ['export', 'export A=1\nexport=2', { A: '1', export: '2' }],
    ['each kind of quotes', 'A="1"\nB=\'2\'\nC=`3`', { A: '1', B: '2', C: '3' }],
    ['other quotes in quotes', `A="it's"\nB='"x"'`, { A: "it's", B: '"x"' }],
    ['lines in double quotes', 'KEY="-----BEGIN\nabc\n-----END"\nB=1', { KEY: '-----BEGIN\nabc\n-----END', B: '1' }],
    ['line escapes only in double quotes', `A="1\\n2\\r3"\nB='1\\n2'\nC=1\\n2`, { A: '1\n2\r3', B: '1\\n2', C: '1\\n2' }],
    ['an escaped quote, its backslash kept', 'A="{\\"a\\":1}"', { A: '{\\"a\\":1}' }],
    ['an equals sign in a value', 'URL=http://a/?b=c', { URL: 'http://a/?b=c' }],
    ['the last of equal keys', 'A=1\nA=2', { A: '2' }],
    ['a quote inside a bare value', 'A=it"s', { A: 'it"s' }],
    ['keys of object prototypes', 'constructor=1\ntoString=2', { constructor: '1', toString: '2' }],
  ];
  for (const [what, text, values] of examples) it(`reads ${what}`, () => assert.deepEqual(parse(text), values));

  const mistakes: readonly (readonly [string, string, number, number])[] = [
    ['a line without =', 'A=1\nB\n', 2, 1],
    ['a key with a blank', 'A B=1', 1, 1],
    ['a value without a key', '\n\n=1', 3, 1],
    ['an open quote', 'A=1\nB="x\ny', 2, 3],
    ['text after a quoted value', 'A="x" y', 1, 6],
    ['a key that objects treat specially', '__proto__=1', 1, 1],
  ];
  for (const [what, text, line, column] of mistakes) {
    it(`points at ${what}`, () => {
      assert.throws(() => parse(text), { code: 'config_invalid', position: { file: '/app/.dev.vars', line, column } });
    });
  }

  it('never shows a value in an error', () => {
    assert.throws(() => parse('TOKEN="s3cret'), (error: Error) => !error.message.includes('s3cret'));
    assert.throws(() => parse('s3cret'), (error: Error) => !error.message.includes('s3cret'));
  });

  it('reads back every value that is written in quotes', () => {
    const key = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,10}$/).filter((text) => text !== '__proto__');
    const value = fc.string({ unit: 'binary' }).map((text) => text.replaceAll(/[\r'"`\\]/g, ''));
    const quote = fc.constantFrom('"', "'", '`');
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value, quote, fc.boolean())), (pairs) => {
        const text = pairs.map(([name, content, mark, isExported]) => `${isExported ? 'export ' : ''}${name}=${mark}${content}${mark}`).join('\n');
        assert.deepEqual(parse(text), Object.fromEntries(pairs.map(([name, content]) => [name, content])));
      }),
    );
  });

  it('answers any text with text values or with a place in it', () => {
    const piece = fc.constantFrom('A', '=', '"', "'", '`', '\n', '\\', '#', ' ', 'export ', 'é', '\u2028', '\0');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('');
        try {
          for (const value of Object.values(parse(text))) assert.equal(typeof value, 'string');
        } catch (error) {
          assert.ok(error instanceof NanosError, String(error));
          assert.equal(error.code, 'config_invalid');
          const line = text.split('\n')[(error.position?.line ?? 0) - 1];
          assert.ok(line !== undefined && (error.position?.column ?? 0) <= line.length + 1);
        }
      }),
    );
  });
});
