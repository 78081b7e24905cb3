import assert from 'node:assert/strict';
import { test } from 'node:test';
import { URLPattern } from './lazy/url-pattern.ts';

test('a path with names, groups and modifiers', () => {
  const pattern = new URLPattern({ pathname: '/books/:id(\\d+){/:part}?' });
  assert.deepEqual({ ...pattern.exec('https://a.com/books/12/x')?.pathname.groups }, { id: '12', part: 'x' });
  assert.deepEqual({ ...pattern.exec({ pathname: '/books/12' })?.pathname.groups }, { id: '12', part: undefined });
  assert.equal(pattern.test('https://a.com/books/x'), false);
  assert.equal(pattern.hasRegExpGroups, true);
  assert.equal(pattern.pathname, '/books/:id(\\d+)/:part?');
});

test('a constructor string falls apart into components', () => {
  const pattern = new URLPattern('http{s}?://{*.}?example.com:8080/:page\\?q=*#top');
  const { protocol, hostname, port, pathname, search, hash, username } = pattern;
  assert.deepEqual(
    { protocol, hostname, port, pathname, search, hash, username },
    { protocol: 'http{s}?', hostname: '{*.}?example.com', port: '8080', pathname: '/:page', search: 'q=*', hash: 'top', username: '*' },
  );
  assert.ok(pattern.test('https://sub.example.com:8080/one?q=1#top'));
  assert.ok(!pattern.test('https://sub.example.com/one?q=1#top'));
});

test('relative patterns and relative URLs take from their base', () => {
  const pattern = new URLPattern('../x/*', 'https://a.com/b/c/d');
  assert.equal(pattern.pathname, '/b/x/*');
  assert.ok(new URLPattern({ pathname: '/b/*' }).test('e', 'https://a.com/b/d'));
  assert.equal(new URLPattern({ pathname: '/b/*' }).test('e', 'no base'), false);
});

test('case', () => {
  assert.ok(new URLPattern({ pathname: '/A' }, { ignoreCase: true }).test({ pathname: '/a' }));
  assert.ok(!new URLPattern({ pathname: '/A' }).test({ pathname: '/a' }));
});

test('text in patterns is canonicalised as in URLs', () => {
  assert.equal(new URLPattern({ pathname: '/é' }).pathname, '/%C3%A9');
  assert.equal(new URLPattern({ hostname: 'EXAMPLE.com' }).hostname, 'example.com');
  assert.equal(new URLPattern({ protocol: 'http', port: '80' }).port, '');
});

test('what is no pattern is a TypeError', () => {
  const wrong: unknown[][] = [['/a'], ['(', 'https://a.com'], [{ pathname: ':a:a' }], [{ pathname: '(?:x)' }], [{ pathname: '([)' }], [{ pathname: '{a' }], [{ pathname: '\\' }], [{}, 'https://a.com'], [{ baseURL: 'x' }]];
  for (const args of wrong) assert.throws(() => Reflect.construct(URLPattern, args), TypeError, JSON.stringify(args));
  assert.throws(() => new URLPattern({}).exec({}, 'https://a.com'), TypeError);
  assert.throws(() => Reflect.get(URLPattern.prototype, 'hash', {}), TypeError);
});

test('a getter that throws is heard, and members are read in their order', () => {
  const mine = new Error('mine');
  const hostile = {
    get hostname(): string {
      throw mine;
    },
  };
  assert.throws(() => new URLPattern(hostile), mine);
  assert.throws(() => new URLPattern({}).test(hostile), mine);
  const seen: PropertyKey[] = [];
  const spy = new Proxy({}, { get: (_target, key) => void seen.push(key) });
  assert.ok(new URLPattern(spy).test(spy));
  assert.deepEqual(seen.slice(0, 9), ['baseURL', 'hash', 'hostname', 'password', 'pathname', 'port', 'protocol', 'search', 'username']);
});
