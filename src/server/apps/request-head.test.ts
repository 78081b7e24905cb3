import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NanosError } from '../../protocol/errors.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import { readRequestHead } from './request-head.ts';
import type { RawRequest, RequestHead } from './request-head.ts';

function read(change: Partial<RawRequest> = {}): RequestHead {
  const head = tryRead(change);
  assert.ok(!(head instanceof NanosError), 'the head was refused');
  return head;
}

function tryRead(change: Partial<RawRequest>): RequestHead | NanosError {
  return readRequestHead({ method: 'GET', target: '/', httpVersion: '1.1', rawHeaders: ['Host', 'a.test'], ...change });
}

describe('readRequestHead', () => {
  it('lower-cases names, keeps order and repetition, and drops what is hop-by-hop', () => {
    const rawHeaders = ['Host', 'a.test', 'Cookie', 'a=1', 'Connection', 'keep-alive, X-Hop', 'x-hop', '1', 'COOKIE', 'b=2', 'Keep-Alive', '5', 'TE', 'trailers',
      'Upgrade', 'h2c', 'Trailer', 'x', 'Proxy-Connection', 'x', 'Expect', '100-continue', 'Content-Length', '0'];
    assert.deepEqual(read({ rawHeaders }).headers, ['host', 'a.test', 'cookie', 'a=1', 'cookie', 'b=2', 'content-length', '0']);
  });

  it('keeps Host whatever Connection names', () => {
    assert.deepEqual(read({ rawHeaders: ['Connection', 'host, cookie', 'Cookie', 'x', 'Host', 'a.test'] }).headers, ['host', 'a.test']);
  });

  for (const [target, host, rest] of [
    ['/', 'a.test', '/'], ['/a?b=c%20', 'a.test', '/a?b=c%20'], ['//b.test/x', 'a.test', '//b.test/x'], ['/http://x@y/', 'a.test', '/http://x@y/'],
    ['http://b.test:80/x?y', 'b.test:80', '/x?y'], ['HTTPS://b.test', 'b.test', '/'], ['http://b.test?q', 'b.test', '/?q'], ['http://[::1]:8/', '[::1]:8', '/'],
  ] as const) {
    it(`reads the target ${target}`, () => {
      const head = read({ target });
      assert.deepEqual([head.host, head.target], [host, rest]);
    });
  }

  it('reads OPTIONS *', () => assert.equal(read({ method: 'OPTIONS', target: '*' }).target, '/'));

  for (const target of ['*', '/a#b', 'http://u@b.test/', 'http://b.test#x', 'http:///x', 'http://', 'ftp://b.test/', 'b.test:80', 'http://b.test\\@c.test/', 'http://a b/']) {
    it(`refuses the target ${target}`, () => assert.ok(tryRead({ target }) instanceof NanosError));
  }

  for (const host of ['', 'a/b', 'a@b', 'a b', 'a.test:80:80', 'a.test:123456', '[::1', 'a?b', 'a#b', 'a\\b', 'ä.test', 'a,b', '%61.test', '[::1]x']) {
    it(`refuses the host ${JSON.stringify(host)}`, () => assert.ok(tryRead({ rawHeaders: ['Host', host] }) instanceof NanosError));
  }

  for (const host of ['a', 'A.Test.', 'a.test:', 'a.test:8080', '127.0.0.1:1', '[::1]:80', 'xn--bcher-kva.test', 'a_b.test']) {
    it(`takes the host ${host} as it was sent`, () => assert.equal(read({ rawHeaders: ['Host', host] }).host, host));
  }

  it('needs exactly one Host, except in HTTP/1.0', () => {
    assert.ok(tryRead({ rawHeaders: [] }) instanceof NanosError);
    assert.ok(tryRead({ rawHeaders: ['Host', 'a.test', 'host', 'a.test'] }) instanceof NanosError);
    assert.equal(read({ rawHeaders: [], httpVersion: '1.0' }).host, undefined);
  });

  for (const httpVersion of ['0.9', '2.0', '1.2', '3.0']) {
    it(`refuses HTTP/${httpVersion}`, () => assert.ok(tryRead({ httpVersion }) instanceof NanosError));
  }

  for (const [name, rawHeaders, expected] of [
    ['no framing', [], 0], ['a length', ['Content-Length', '12'], 12], ['a length with zeros', ['Content-Length', '0012'], 12], ['chunks', ['Transfer-Encoding', 'chunked'], undefined],
    ['chunks in capitals', ['Transfer-Encoding', 'Chunked'], undefined],
  ] as const) {
    it(`reads the body's length from ${name}`, () => assert.equal(read({ rawHeaders: ['Host', 'a', ...rawHeaders] }).bodyLength, expected));
  }

  for (const rawHeaders of [
    ['Content-Length', '1', 'Transfer-Encoding', 'chunked'], ['Content-Length', '1', 'Content-Length', '1'], ['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'],
    ['Transfer-Encoding', 'gzip, chunked'], ['Transfer-Encoding', 'chunked, gzip'], ['Transfer-Encoding', 'identity'], ['Transfer-Encoding', 'xchunked'], ['Transfer-Encoding', ''],
    ['Content-Length', ''], ['Content-Length', '-1'], ['Content-Length', '+1'], ['Content-Length', '1,1'], ['Content-Length', '0x1'], ['Content-Length', '1e3'],
    ['Content-Length', '9999999999999999'], ['Upgrade', 'websocket'], ['Upgrade', 'h2c, WebSocket'],
  ]) {
    it(`refuses ${rawHeaders.join(' ')}`, () => assert.ok(tryRead({ rawHeaders: ['Host', 'a', ...rawHeaders] }) instanceof NanosError));
  }

  it('refuses Transfer-Encoding in HTTP/1.0', () => {
    assert.ok(tryRead({ httpVersion: '1.0', rawHeaders: ['Host', 'a', 'Transfer-Encoding', 'chunked'] }) instanceof NanosError);
  });

  it('takes as many fields as allowed, and not one more', () => {
    const fields = (count: number): string[] => ['Host', 'a', ...Array.from({ length: count - 1 }, () => ['x', '1']).flat()];
    assert.equal(read({ rawHeaders: fields(HOST_LIMITS.headersMax) }).headers.length, 2 * HOST_LIMITS.headersMax);
    const refused = tryRead({ rawHeaders: fields(HOST_LIMITS.headersMax + 1) });
    assert.ok(refused instanceof NanosError && refused.code === 'headers_too_large');
  });
});
