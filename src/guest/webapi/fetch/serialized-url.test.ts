import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fc } from '../../../util/test-properties.ts';
import { isSerializedUrl } from './serialized-url.ts';

const NodeUrl = globalThis.URL;

test('what it accepts is its own serialization', () => {
  const scheme = fc.constantFrom('http://', 'https://', 'HTTP://', 'ftp://', 'http:');
  const label = fc.constantFrom('a', 'A', 'a-b', '0', '1', '0x1', '256', '255', 'xn--a', '%61', 'a_b', '', 'localhost', '[::1]', 'u:p@h');
  const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  const port = fc.constantFrom('', ':', ':80', ':443', ':8080', ':080', ':65536', ':59999', ':0', ':99999');
  const piece = fc.constantFrom('/', '.', '..', '%2e', '%2E', 'a', '%', '%zz', "'", '"', ' ', '?', '#', '\\', '|', '{', '^', 'é', '\t', ';', ':', '@', '//');
  const rest = fc.tuple(fc.constantFrom('/', '/a', ''), fc.array(piece, { maxLength: 6 })).map(([first, pieces]) => first + pieces.join(''));
  let accepted = 0;
  fc.assert(
    fc.property(scheme, host, port, rest, (a, b, c, d) => {
      const url = `${a}${b}${c}${d}`;
      if (!isSerializedUrl(url)) return;
      accepted++;
      const parsed = new NodeUrl(url);
      assert.equal(parsed.href, url);
      assert.equal(parsed.username + parsed.password + parsed.hash, '');
    }),
    { numRuns: 5000 },
  );
  assert.ok(accepted > 0);
});

test('ordinary URLs need no parsing', () => {
  for (const url of ['http://a.localhost:3000/', 'https://example.com/a/b.html?x=1&y=%20z', 'http://127.0.0.1:8080/x', 'https://a.b/.well-known/x']) {
    assert.equal(isSerializedUrl(url), true, url);
  }
});
