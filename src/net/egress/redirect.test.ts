import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isRedirect, redirectedHop } from './redirect.ts';
import type { Hop } from './redirect.ts';

const text = new TextEncoder().encode('body');
const hop = (change: Partial<Hop> = {}): Hop => ({
  method: 'POST',
  url: new URL('http://a.test/dir/page?q'),
  headers: ['authorization', 'secret', 'cookie', 'a=1', 'content-type', 'text/plain', 'x-a', '1'],
  body: text,
  ...change,
});

async function* stream(): AsyncGenerator<Uint8Array> {
  yield text;
}

describe('redirectedHop', () => {
  for (const [status, method, expected] of [
    [301, 'POST', 'GET'], [302, 'POST', 'GET'], [303, 'POST', 'GET'], [303, 'PUT', 'GET'], [303, 'DELETE', 'GET'],
    [301, 'PUT', 'PUT'], [302, 'DELETE', 'DELETE'], [307, 'POST', 'POST'], [308, 'POST', 'POST'],
    [301, 'GET', 'GET'], [303, 'GET', 'GET'], [303, 'HEAD', 'HEAD'], [302, 'HEAD', 'HEAD'],
  ] as const) {
    it(`turns ${method} into ${expected} after ${status}`, () => {
      const rewritten = expected !== method;
      const next = redirectedHop(hop({ method, body: method === 'GET' || method === 'HEAD' ? null : text }), status, '/x');
      assert.equal(next.method, expected);
      assert.equal(next.headers.includes('content-type'), !rewritten);
      if (rewritten) assert.equal(next.body, null);
    });
  }

  it('resolves the location against the URL of the hop', () => {
    assert.equal(redirectedHop(hop(), 307, 'other').url.href, 'http://a.test/dir/other');
    assert.equal(redirectedHop(hop(), 307, '//b.test').url.href, 'http://b.test/');
    assert.equal(redirectedHop(hop(), 307, Buffer.from('/ü').toString('latin1')).url.pathname, '/%C3%BC');
  });

  for (const [location, kept] of [
    ['/same', true], ['http://a.test:80/', true], ['http://a.test:81/', false], ['https://a.test/', false], ['http://b.test/', false],
    ['http://a.test.b.test/', false],
  ] as const) {
    it(`${kept ? 'keeps' : 'drops'} credentials on the way to ${location}`, () => {
      const { headers } = redirectedHop(hop(), 307, location);
      assert.equal(headers.includes('authorization'), kept);
      assert.equal(headers.includes('cookie'), kept);
      assert.ok(headers.includes('x-a'));
    });
  }

  it('refuses to send a streamed body twice, whatever the method becomes', () => {
    for (const status of [301, 302, 307, 308]) assert.throws(() => redirectedHop(hop({ body: stream() }), status, '/'), TypeError);
    assert.equal(redirectedHop(hop({ body: stream() }), 303, '/').body, null);
  });

  it('refuses a location that is no URL', () => {
    assert.throws(() => redirectedHop(hop(), 302, 'http://[bad/'), TypeError);
  });

  it('knows the redirect statuses', () => {
    for (const status of [301, 302, 303, 307, 308]) assert.equal(isRedirect(status), true);
    for (const status of [200, 300, 304, 305, 306, 399]) assert.equal(isRedirect(status), false);
  });
});
