import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { bindHostCalls, type HostCalls, type OutboundSource } from '../../kernel/host-calls.ts';
import { CompressionStream, DecompressionStream } from './lazy/compression-streams.ts';

const offered = new Map<string, OutboundSource>();
let calls: string[][] = [];

/** A host that codes everything at once, at the end of its input. */
const host = {
  outbound(source: OutboundSource): number {
    offered.set(String(offered.size + 1), source);
    return offered.size;
  },
  call(_name: string, fields: readonly string[]) {
    calls.push([...fields]);
    return { reply: Promise.resolve({ fields: [fields[2]!, fields[0]!], buffers: [] }), cancel: () => undefined };
  },
  inbound(streamId: number) {
    const source = offered.get(String(streamId))!;
    const direction = calls.find(([, , id]) => id === String(streamId))?.[0];
    let isDone = false;
    return {
      async pull(): Promise<Uint8Array<ArrayBuffer> | null> {
        if (isDone) return null;
        const chunks: Uint8Array[] = [];
        for (let chunk = await source.pull(); chunk !== null; chunk = await source.pull()) chunks.push(chunk as Uint8Array);
        isDone = true;
        try {
          return new Uint8Array(direction === 'compress' ? gzipSync(Buffer.concat(chunks)) : gunzipSync(Buffer.concat(chunks)));
        } catch {
          throw new TypeError('not in the format');
        }
      },
      cancel: () => source.cancel('the host was told'),
    };
  },
};
bindHostCalls(host as unknown as HostCalls);

test('bytes go through the host and come back', async () => {
  calls = [];
  const stream = new CompressionStream('gzip');
  assert.equal(calls.length, 0, 'nothing happens before a chunk is asked for');
  const writer = stream.writable.getWriter();
  const writing = Promise.all([writer.write(new Uint8Array([1, 2])), writer.write(new Uint16Array([3]).buffer), writer.close()]);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream.readable) chunks.push(chunk as Uint8Array);
  await writing;
  assert.deepEqual([...gunzipSync(Buffer.concat(chunks))], [1, 2, 3, 0]);
  assert.deepEqual(calls[0]?.slice(0, 2), ['compress', 'gzip']);
});

test('what the host can not decode fails both sides', async () => {
  const { readable, writable } = new DecompressionStream('gzip');
  const writer = writable.getWriter();
  writer.write(new Uint8Array([9])).catch(() => undefined);
  writer.close().catch(() => undefined);
  await assert.rejects(readable.getReader().read(), TypeError);
  await assert.rejects(writer.write(new Uint8Array([1])), TypeError);
  const other = new DecompressionStream('gzip');
  const closing = other.writable.getWriter();
  closing.write(new Uint8Array([9])).catch(() => undefined);
  other.readable.getReader().read().catch(() => undefined);
  await assert.rejects(closing.close(), TypeError, 'close() tells too');
});

test('a chunk that is no bytes is a TypeError on both sides', async () => {
  for (const chunk of ['text', null, undefined, 5, {}, [1]]) {
    const { readable, writable } = new CompressionStream('deflate');
    const reading = assert.rejects(readable.getReader().read(), TypeError);
    await assert.rejects(writable.getWriter().write(chunk), TypeError);
    await reading;
  }
});

test('abort and cancel reach the other side with their reasons', async () => {
  const mine = new Error('mine');
  const first = new CompressionStream('gzip');
  const reading = assert.rejects(first.readable.getReader().read(), mine);
  await first.writable.abort(mine);
  await reading;
  const second = new CompressionStream('gzip');
  const writing = assert.rejects(second.writable.getWriter().write(new Uint8Array(1)), mine);
  await second.readable.cancel(mine);
  await writing;
});

test('formats are checked, and interfaces are not to be faked', () => {
  for (const format of ['GZIP', 'br', '', undefined]) assert.throws(() => new CompressionStream(format), TypeError);
  assert.throws(() => Reflect.construct(DecompressionStream, []), TypeError);
  const mine = new Error('mine');
  const hostile = {
    toString() {
      throw mine;
    },
  };
  assert.throws(() => new CompressionStream(hostile), mine);
  assert.throws(() => Reflect.get(CompressionStream.prototype, 'readable', {}), TypeError);
});
