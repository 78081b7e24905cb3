import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseReader, type ReadResponse } from './response-reader.ts';

const WIRE = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx: y\r\n\r\nhello' +
    'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n' +
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab\n\r\nA;x=1\r\n0123456789\r\n0\r\ntrailer: 1\r\n\r\n' +
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n!',
);
const EXPECTED = [
  { status: 200, bytes: 5 },
  { status: 503, bytes: 0 },
  { status: 200, bytes: 13 },
  { status: 200, bytes: 1 },
];

for (const size of [1, 2, 3, 7, 16, 61, WIRE.length]) {
  test(`reads responses that come ${size} bytes at a time`, () => {
    const responses: ReadResponse[] = [];
    const reader = new ResponseReader((response) => responses.push(response));
    for (let at = 0; at < WIRE.length; at += size) reader.feed(WIRE.subarray(at, at + size));
    assert.deepEqual(responses, EXPECTED);
  });
}

test('looks no further than the length it is given', () => {
  const responses: ReadResponse[] = [];
  const reader = new ResponseReader((response) => responses.push(response));
  const stale = Buffer.concat([WIRE.subarray(0, 20), Buffer.from('\r\n\r\nold\n')]);
  reader.feed(stale, 20);
  reader.feed(WIRE.subarray(20));
  assert.deepEqual(responses, EXPECTED);
});

test('refuses what has no framing', () => {
  const reader = new ResponseReader(() => undefined);
  assert.throws(() => reader.feed(Buffer.from('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n')), /Content-Length/);
  assert.throws(() => new ResponseReader(() => undefined).feed(Buffer.from('SSH-2.0\r\n\r\n')), /Not an HTTP response/);
});
