import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from '../util/test-properties.ts';
import picomatch from 'picomatch';
import { AGENT_LIMITS } from '../protocol/agent-limits.ts';
import { matchesBelow, matchesGlob, parseGlob } from './agent-globs.ts';

const matches = (glob: string, path: string): boolean => matchesGlob(parseGlob(glob), path);

describe('matchesGlob', () => {
  const cases: readonly (readonly [glob: string, yes: readonly string[], no: readonly string[]])[] = [
    ['instruction.txt', ['instruction.txt'], ['Instruction.txt', 'instruction_txt', 'a/instruction.txt', 'instruction.txt/a', '']],
    ['./a//b.txt', ['a/b.txt'], ['b.txt']],
    ['*.txt', ['a.txt', 'a.b.txt'], ['.txt', '.a.txt', 'a/b.txt', 'a.txt.bak', 'txt']],
    ['*', ['a', 'a.b'], ['.a', 'a/b', '']],
    ['.*', ['.a', '.env'], ['a', '.a/b']],
    ['a?c', ['abc', 'aéc', 'a\u{1f600}c'], ['ac', 'abbc', 'a/c']],
    ['?a', ['ba'], ['.a']],
    ['[a-cx].md', ['a.md', 'c.md', 'x.md'], ['d.md', '-.md', '.md']],
    ['[!a].md', ['b.md'], ['a.md', '..md']],
    ['[^a]b', ['cb'], ['ab']],
    ['[]x]', [']', 'x'], ['y']],
    ['[a-]', ['a', '-'], ['b']],
    ['a/[id].md', ['a/i.md', 'a/[id].md'], ['a/id.md', 'a/[ix].md']],
    ['[.]env', [], ['.env']],
    ['data/**', ['data/a', 'data/a/b.txt'], ['data', 'date', 'data/.git', 'data/.git/config', 'data/a/.env']],
    ['data/', ['data/a', 'data/a/b'], ['data/.a', 'database']],
    ['**', ['a', 'a/b'], ['', '.env', 'a/.b', '.nanos/runs/1']],
    ['*/**', ['a/b', 'a/b/c'], ['a', 'a/.b']],
    ['**/.env', ['.env', 'a/.env'], ['.a/.env', 'env']],
    ['a/**/z', ['a/z', 'a/b/z', 'a/b/c/z'], ['a/b', 'z', 'a/.b/z']],
    ['a/**/**/z', ['a/z', 'a/b/c/z'], ['a/bz']],
    ['**/*.test.ts', ['x.test.ts', 'a/b/x.test.ts'], ['x.ts', 'a/.test.ts']],
    ['a**b', ['ab', 'axxb'], ['a/b']],
    ['{a,b/c}.txt', ['a.txt', 'b/c.txt'], ['c.txt', 'b.txt']],
    ['{a,b{c,d}}', ['a', 'bc', 'bd'], ['b', 'bcd']],
    ['{a}{,x}', ['{a}', '{a}x'], ['a']],
    ['caf\u00e9.txt', ['cafe\u0301.txt', 'caf\u00e9.txt'], ['cafe.txt']],
    ['cafe\u0301?', ['caf\u00e9x'], []],
  ];
  for (const [glob, yes, no] of cases) {
    it(glob, () => {
      for (const path of yes) assert.ok(matches(glob, path), `${glob} matches ${JSON.stringify(path)}`);
      for (const path of no) assert.ok(!matches(glob, path), `${glob} does not match ${JSON.stringify(path)}`);
    });
  }

  it('agrees with picomatch', () => {
    const part = fc.constantFrom('a', 'b', '*', '?', '[ab]', '.', 'ab', '{a,b}');
    const segment = fc.oneof({ weight: 1, arbitrary: fc.constant('**') }, { weight: 4, arbitrary: fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')) });
    const glob = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/')).filter((text) => isPlain(text) && 2 ** (text.split('{').length - 1) <= AGENT_LIMITS.globAlternativesMax);
    const name = fc.array(fc.constantFrom('a', 'b', '.', 'c'), { minLength: 1, maxLength: 4 }).map((letters) => letters.join('')).filter((text) => text !== '.' && text !== '..');
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
    fc.assert(fc.property(glob, path, (text, asked) => assert.equal(matches(text, asked), picomatch(text.replace(/(^|\/)\*\*$/, '$1**/*'))(asked))), { numRuns: 5_000 });
  });

  it('takes time in proportion to glob and path, whatever they look like', () => {
    const glob = parseGlob(`**/${'*a'.repeat(100)}b/**/**/x`);
    const path = Array.from({ length: 15 }, () => 'a'.repeat(250)).join('/');
    assert.equal(matchesGlob(glob, path), false);
  });
});

/** Where picomatch reads globs otherwise: runs of stars inside a name, names of dots, and choices where a dot may begin a name. */
function isPlain(glob: string): boolean {
  return glob.split('/').every((segment) => segment === '**' || (!segment.includes('**') && !/\.\.|^\.$|^(?:\*|\?|\[|\{)[^/]*\.|^\.[*?[{]/.test(segment)));
}

describe('matchesBelow', () => {
  it('knows the folders on the way', () => {
    const below = (glob: string, path: string): boolean => matchesBelow(parseGlob(glob), path);
    for (const [glob, path] of [['a/b/c.txt', ''], ['**', ''], ['a/**', 'a'], ['a/b/c.txt', 'a'], ['a/b/c.txt', 'a/b'], ['**/x', 'q/r'], ['a/**', 'a/b'], ['{a,b}/c', 'b'], ['*/c', 'z']] as const) {
      assert.ok(below(glob, path), `${glob} below ${path}`);
    }
    for (const [glob, path] of [['a/b/c.txt', 'b'], ['a/b/c.txt', 'a/b/c.txt'], ['a.txt', 'a'], ['**/x', '.git'], ['*/c', '.z'], ['a/**', 'b']] as const) {
      assert.ok(!below(glob, path), `${glob} not below ${path}`);
    }
  });
});

describe('parseGlob', () => {
  const mistakes: readonly (readonly [string, RegExp])[] = [
    ['', /must not be empty/],
    ['/etc/passwd', /must be relative/],
    ['../x', /must not contain \.\./],
    ['a/../b', /must not contain \.\./],
    ['{a,..}/b', /must not contain \.\./],
    ['{,/etc/}x/..', /must not contain \.\./],
    ['a\\b', /backslash/],
    ['a\0', /NUL/],
    ['\ud800', /valid text/],
    ['.', /folder itself/],
    ['[a', /\[ that is not closed/],
    ['[]', /\[ that is not closed/],
    ['{a,b', /\{ that is not closed/],
    ['[z-a]', /empty range z-a/],
    ['{1..3}', /ranges/],
    ['@(a|b)', /groups/],
    ['!(a)', /groups/],
    ['[[:alpha:]]', /character classes/],
    ['{a,b}'.repeat(7), /at most 64 globs/],
    ['a/'.repeat(64) + 'b', /at most 64 folders/],
    ['a'.repeat(AGENT_LIMITS.globCharactersMax + 1), /at most 512 characters/],
  ];
  for (const [glob, message] of mistakes) {
    it(`refuses ${JSON.stringify(glob.slice(0, 30))}`, () => assert.throws(() => parseGlob(glob), { name: 'SyntaxError', message }));
  }

  it('takes what is just within its limits', () => {
    parseGlob('a'.repeat(AGENT_LIMITS.globCharactersMax));
    assert.equal(parseGlob('{a,b}'.repeat(6)).alternatives.length, AGENT_LIMITS.globAlternativesMax);
    parseGlob('a/'.repeat(63) + 'b');
  });

  it('never fails in other ways', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.array(fc.constantFrom('{', '}', ',', '[', ']', '*', '/', '.', '!', '-', 'a'), { maxLength: 30 }).map((parts) => parts.join('')));
    fc.assert(
      fc.property(text, fc.string({ maxLength: 20 }), (glob, path) => {
        try {
          matchesGlob(parseGlob(glob), path);
        } catch (error) {
          assert.ok(error instanceof SyntaxError);
        }
      }),
    );
  });
});
