import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from '../util/test-properties.ts';
import { AGENT_LIMITS } from '../protocol/agent-limits.ts';
import { fileAllowed, folderAllowed, parseFileRules, requestedPath } from './agent-files.ts';

describe('requestedPath', () => {
  it('gives every path one spelling', () => {
    for (const [asked, path, isFolder] of [
      ['a.txt', 'a.txt', false],
      ['./a.txt', 'a.txt', false],
      ['a//b/./c', 'a/b/c', false],
      ['a/', 'a', true],
      ['a/.', 'a', true],
      ['', '', true],
      ['.', '', true],
      ['./', '', true],
      ['...', '...', false],
      ['a..b/c..', 'a..b/c..', false],
      [' ', ' ', false],
      ['~/x', '~/x', false],
      ['%2e%2e/x', '%2e%2e/x', false],
    ] as const) {
      assert.deepEqual(requestedPath(asked), { valid: true, path, isFolder }, JSON.stringify(asked));
    }
  });

  for (const [asked, rule] of [
    ['..', /no \.\./],
    ['../a', /no \.\./],
    ['a/../b', /no \.\./],
    ['a/..', /no \.\./],
    ['/etc/passwd', /relative/],
    ['//a', /relative/],
    ['C:/x', /relative/],
    ['c:x', /relative/],
    ['a\\b', /backslash/],
    ['..\\a', /backslash/],
    ['a\0.txt', /NUL/],
    ['a\ud800', /valid Unicode/],
    ['a/'.repeat(AGENT_LIMITS.pathSegmentsMax) + 'a', /at most/],
    ['é'.repeat(AGENT_LIMITS.pathBytesMax / 2) + 'a', /at most/],
  ] as const) {
    it(`refuses ${JSON.stringify(asked.slice(0, 20))}`, () => {
      const requested = requestedPath(asked);
      assert.ok(!requested.valid);
      assert.match(requested.rule, rule);
    });
  }

  it('gives nothing that leads upwards or away', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('..', '.', '/', 'a', '\\', ':', '\0')).map((parts) => parts.join('')), (asked) => {
        const requested = requestedPath(asked);
        if (!requested.valid) return;
        const names = requested.path.split('/');
        assert.ok(requested.path === '' || names.every((name) => name !== '' && name !== '.' && name !== '..'));
      }),
    );
  });
});

describe('fileAllowed', () => {
  const rules = parseFileRules('permissions.fs_read', ['data/**', '!data/private/**', '!**/*.key', '!data/old', 'notes.txt']);
  const allowed = (path: string): boolean => fileAllowed(rules, path).allowed;

  it('lets ! take away, wherever it stands', () => {
    for (const path of ['data/a', 'data/x/y', 'notes.txt']) assert.ok(allowed(path), path);
    for (const path of ['data/private/a', 'data/a.key', 'data/a.key/b', 'data/old', 'data/old/x/y', 'other', 'data/.env']) assert.ok(!allowed(path), path);
  });

  it('lets ! take away hidden names, which a grant must name', () => {
    const hidden = parseFileRules('k', ['.config/**', 'a/.b/*', '!**/*.pem', '!**/*token*', '!a/*/secret']);
    for (const path of ['.config/x', 'a/.b/x']) assert.ok(fileAllowed(hidden, path).allowed, path);
    for (const path of ['.config/x.pem', '.config/.pem', '.config/token', 'a/.b/.token', 'a/.b/secret']) assert.ok(!fileAllowed(hidden, path).allowed, path);
  });

  it('names the line that decided', () => {
    assert.deepEqual(fileAllowed(rules, 'data/private/a'), { allowed: false, rule: 'permissions.fs_read: !data/private/**' });
    assert.deepEqual(fileAllowed(rules, 'other'), { allowed: false, rule: 'permissions.fs_read: data/**, notes.txt' });
    assert.deepEqual(fileAllowed(parseFileRules('permissions.fs_write', []), 'a'), { allowed: false, rule: 'permissions.fs_write grants nothing' });
  });

  it('grants nothing by ! alone', () => {
    assert.ok(!fileAllowed(parseFileRules('k', ['!secret']), 'public').allowed);
  });
});

describe('folderAllowed', () => {
  it('shows the folders on the way, but those that are taken away', () => {
    const rules = parseFileRules('k', ['a/b/*.txt', '**/c/d', '!a/x']);
    for (const path of ['', 'a', 'a/b', 'q/c']) assert.ok(folderAllowed(rules, path).allowed, path);
    for (const path of ['a/x', 'a/x/y', '.git']) assert.ok(!folderAllowed(rules, path).allowed, path);
    assert.ok(!folderAllowed(parseFileRules('k', []), '').allowed);
  });
});
