import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import { toWireHead } from './response-head.ts';

const head = (headers: string[], status = 200, statusText = '') => toWireHead({ status, statusText, headers });

describe('toWireHead', () => {
  it('keeps headers in order and repeated, and drops framing and hop-by-hop fields', () => {
    const wire = head(['Set-Cookie', 'a=1', 'set-cookie', 'b=2', 'Transfer-Encoding', 'chunked', 'Connection', 'x', 'Keep-Alive', '1', 'Upgrade', 'x', 'Trailer', 'x', 'TE', 'x',
      'Proxy-Connection', 'x', 'Content-Length', '7', 'X-A', '']);
    assert.deepEqual(wire.headers, ['set-cookie', 'a=1', 'set-cookie', 'b=2', 'x-a', '']);
    assert.equal(wire.contentLength, 7);
    assert.equal(wire.hasRequestId, false);
    assert.equal(wire.isAscii, true);
  });

  it('takes a Content-Length only when it is one number', () => {
    for (const headers of [[], ['content-length', 'x'], ['content-length', '-1'], ['content-length', '1', 'content-length', '2'], ['content-length', '1e3'], ['content-length', '']]) {
      assert.equal(head(headers).contentLength, undefined);
    }
    assert.equal(head(['content-length', '1', 'Content-Length', '1']).contentLength, 1);
  });

  it('fills in the usual status text', () => {
    assert.equal(head([], 404).statusText, 'Not Found');
    assert.equal(head([], 299).statusText, '');
    assert.equal(head([], 200, 'Fine').statusText, 'Fine');
  });

  it('notices Latin-1', () => {
    assert.equal(head(['x-a', 'é']).isAscii, false);
    assert.equal(head(['X-Request-Id', 'mine']).hasRequestId, true);
  });

  for (const status of [0, 100, 101, 103, 199, 600, 999, -200, 200.5, NaN, Infinity]) {
    it(`refuses the status ${status}`, () => assert.throws(() => head([], status), { code: 'app_threw' }));
  }

  for (const [name, value] of [
    ['x\r\ny', '1'], ['x y', '1'], ['', '1'], ['x:', '1'], ['ä', '1'], ['x', 'a\r\nset-cookie: b'], ['x', 'a\nb'], ['x', 'a\0b'], ['x', '\u0100'], ['x', '\u{1f600}'], ['x', '\x7f'],
    ['connection\r\n', '1'], ['\u212A', '1'],
  ] as const) {
    it(`refuses the header ${JSON.stringify(`${name}: ${value}`)}`, () => assert.throws(() => head([name, value]), { code: 'app_threw' }));
  }

  for (const text of ['a\r\nb', 'a\nb', 'é', '\0', 'x'.repeat(1_025)]) {
    it(`refuses the status text ${JSON.stringify(text.slice(0, 20))}`, () => assert.throws(() => head([], 200, text), { code: 'app_threw' }));
  }

  it('takes header bytes up to the limit, and not one more', () => {
    const value = (bytes: number): string => 'v'.repeat(bytes - 'x'.length - 4);
    assert.equal(head(['x', value(HOST_LIMITS.responseHeaderBytesMax)]).headers.length, 2);
    assert.throws(() => head(['x', value(HOST_LIMITS.responseHeaderBytesMax + 1)]), { code: 'app_threw' });
  });
});
