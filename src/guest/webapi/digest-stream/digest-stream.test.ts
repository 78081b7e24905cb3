import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { bindHostCalls, type HostCalls, type OutboundSource } from '../../kernel/host-calls.ts';
import { digestStreamClass } from './lazy/index.ts';

let offered: OutboundSource | undefined;
let failure: Error | undefined;

async function digestOf(source: OutboundSource, name: string): Promise<{ fields: string[]; buffers: ArrayBuffer[] }> {
  const hash = createHash(name.toLowerCase().replace('-', ''));
  for (let chunk = await source.pull(); chunk !== null; chunk = await source.pull()) {
    if (failure !== undefined) throw failure;
    hash.update(chunk);
  }
  return { fields: [], buffers: [new Uint8Array(hash.digest()).buffer] };
}

bindHostCalls({
  outbound(source: OutboundSource) {
    offered = source;
    return 1;
  },
  call: (_name: string, fields: string[]) => ({ reply: digestOf(offered!, fields[0]!), cancel: () => undefined }),
} as unknown as HostCalls);

const DigestStream = digestStreamClass();

test('chunks of bytes and text make one digest', async () => {
  const stream = new DigestStream('sha-256');
  const writer = stream.getWriter();
  await writer.write(new Uint8Array([0x61]));
  await writer.write('b');
  await writer.write(new DataView(new Uint8Array([0x63]).buffer));
  await writer.close();
  assert.deepEqual(Buffer.from(await stream.digest), createHash('sha256').update('abc').digest());
  assert.equal(stream.bytesWritten, 3n);
});

test('nothing at all has a digest too', async () => {
  const stream = new DigestStream({ name: 'MD5' });
  await stream.close();
  assert.equal(Buffer.from(await stream.digest).toString('hex'), 'd41d8cd98f00b204e9800998ecf8427e');
});

test('abort, wrong chunks and failures of the host reject the digest', async () => {
  const mine = new Error('mine');
  const aborted = new DigestStream('SHA-1');
  await aborted.abort(mine);
  await assert.rejects(aborted.digest, mine);
  const wrong = new DigestStream('SHA-1');
  await assert.rejects(wrong.getWriter().write(5), TypeError);
  await assert.rejects(wrong.digest, TypeError);
  failure = mine;
  const failed = new DigestStream('SHA-1');
  const writer = failed.getWriter();
  writer.write('x').catch(() => undefined);
  await assert.rejects(writer.close(), mine);
  await assert.rejects(failed.digest, mine);
});

test('algorithms are checked', () => {
  for (const algorithm of ['MD4', '', undefined, {}]) assert.throws(() => new DigestStream(algorithm), { name: 'NotSupportedError' });
  assert.throws(() => Reflect.construct(DigestStream, []), TypeError);
});
