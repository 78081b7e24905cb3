import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { HostCallContext } from '../run/host-call.ts';
import { digestStreamCall } from './digest-stream-call.ts';

function contextOf(chunks: (Uint8Array | Error)[]): { context: HostCallContext; charges: number[] } {
  const charges: number[] = [];
  const readStream = (): object => ({
    async read() {
      const chunk = chunks.shift() ?? null;
      if (chunk instanceof Error) throw chunk;
      return chunk;
    },
    cancel: () => undefined,
  });
  const context = { readStream, chargeCpu: (cpuMs: number) => void charges.push(cpuMs), signal: new AbortController().signal };
  return { context: context as unknown as HostCallContext, charges };
}

test('each algorithm gives what node:crypto gives, each chunk is charged', async () => {
  for (const [name, own] of [['MD5', 'md5'], ['SHA-1', 'sha1'], ['SHA-256', 'sha256'], ['SHA-384', 'sha384'], ['SHA-512', 'sha512']] as const) {
    const { context, charges } = contextOf([Buffer.from('ab'), Buffer.from('c')]);
    const { buffers } = await digestStreamCall(context, 'digest-stream', [name, '1'], []);
    assert.deepEqual(Buffer.from(buffers[0]!), createHash(own).update('abc').digest());
    assert.equal(charges.length, 2);
  }
});

test('a stream that fails fails the digest', async () => {
  const { context } = contextOf([Buffer.from('ab'), new TypeError('broke off')]);
  await assert.rejects(digestStreamCall(context, 'digest-stream', ['MD5', '1'], []), /broke off/);
});

test('fields that are no call are refused', async () => {
  for (const fields of [[], ['MD5'], ['md4', '1'], ['MD5', 'x'], ['MD5', '-1']]) {
    await assert.rejects(digestStreamCall(contextOf([]).context, 'digest-stream', fields, []), RangeError);
  }
});
