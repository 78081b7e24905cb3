import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FetchCall, FetchReply } from './fetch-call.ts';
import { packFetchCall, packFetchReply, unpackFetchCall, unpackFetchReply } from './fetch-call.ts';

const call: FetchCall = { method: 'POST', url: 'http://a.b/', redirect: 'manual', body: { kind: 'text', value: 'x' }, headers: ['a', 'b', 'a', 'c'] };
const reply: FetchReply = { status: 404, statusText: '', url: 'http://a.b/', redirected: true, body: { kind: 'stream', value: '7' }, headers: ['a', 'b'] };

test('round trip', () => {
  assert.deepEqual(unpackFetchCall(packFetchCall(call)), call);
  assert.deepEqual(unpackFetchReply(packFetchReply(reply)), reply);
});

test('malformed fields are refused', () => {
  const calls: string[][] = [
    [],
    ['GET', 'u', 'follow', 'none'],
    ['GET', 'u', 'sideways', 'none', ''],
    ['GET', 'u', 'follow', 'toString', ''],
    ['GET', 'u', 'follow', 'buffer', '-1'],
    ['GET', 'u', 'follow', 'stream', '1e3'],
    ['GET', 'u', 'follow', 'none', '', 'odd'],
  ];
  for (const fields of calls) assert.throws(() => unpackFetchCall(fields), RangeError);
  const replies: string[][] = [[], ['99', '', 'u', '0', 'none', ''], ['200', '', 'u', '0', 'none'], ['200', '', 'u', '0', 'none', '', 'odd'], ['0x1', '', 'u', '0', 'none', '']];
  for (const fields of replies) assert.throws(() => unpackFetchReply(fields), RangeError);
});
