import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import { deflateRawSync, deflateSync, gunzipSync, gzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import type { CompressionDirection, CompressionFormat } from '../../protocol/compression.ts';
import type { ByteReader } from '../run/guest-streams.ts';
import { coded } from './compression.ts';
import { compressionCall } from './compression-call.ts';

const free = (): void => {};
const plain = Buffer.concat([Buffer.from('Grüße, '.repeat(20_000)), randomBytes(50_000)]);

interface Source extends ByteReader {
  readBytes: number;
  cancelled: boolean;
}

function sourceOf(bytes: Uint8Array, chunkBytes: number): Source {
  return {
    readBytes: 0,
    cancelled: false,
    async read() {
      const chunk = bytes.subarray(this.readBytes, this.readBytes + chunkBytes);
      this.readBytes += chunk.length;
      return chunk.length === 0 ? null : chunk;
    },
    cancel() {
      this.cancelled = true;
    },
  };
}

async function all(reader: ByteReader): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await reader.read(); chunk !== null; chunk = await reader.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const formats: readonly [CompressionFormat, (bytes: Uint8Array) => Buffer, (bytes: Uint8Array) => Buffer][] = [
  ['gzip', gzipSync, gunzipSync],
  ['deflate', deflateSync, inflateSync],
  ['deflate-raw', deflateRawSync, inflateRawSync],
];

for (const [format, compress, decompress] of formats) {
  const decode = (bytes: Uint8Array, chunkBytes = 1_000): Promise<Buffer> => all(coded(sourceOf(bytes, chunkBytes), 'decompress', format, free));

  test(`${format}: there and back, in chunks of any size`, async () => {
    for (const chunkBytes of [7_001, 1_000_000]) {
      assert.ok(decompress(await all(coded(sourceOf(plain, chunkBytes), 'compress', format, free))).equals(plain));
      assert.ok((await decode(compress(plain), chunkBytes)).equals(plain));
    }
    assert.equal(String(await decode(compress(Buffer.from('by byte')), 1)), 'by byte');
    assert.equal((await decode(compress(Buffer.alloc(0)))).length, 0);
  });

  test(`${format}: data that is cut short, goes on or is something else is a TypeError`, async () => {
    const good = compress(Buffer.from('some text'));
    for (const chunkBytes of [1, good.length, 1_000]) {
      for (let length = 0; length < good.length; length++) await assert.rejects(decode(good.subarray(0, length), chunkBytes), TypeError, `${length}`);
      for (const more of [Buffer.from([0]), Buffer.from('x'), good]) await assert.rejects(decode(Buffer.concat([good, more]), chunkBytes), TypeError);
    }
    await assert.rejects(decode(Buffer.from('not compressed at all')), TypeError);
  });

  test(`${format}: no more of a bomb is unpacked than is read, and each piece is charged`, async () => {
    const bomb = compress(Buffer.alloc(64 * 1024 * 1024));
    const source = sourceOf(bomb, 1_024);
    let cpuMs = 0;
    const reader = coded(source, 'decompress', format, (ms) => (cpuMs += ms));
    for (let i = 0; i < 4; i++) assert.ok((await reader.read())!.length <= 64 * 1024);
    assert.ok(source.readBytes < bomb.length / 4, `${source.readBytes}`);
    assert.ok(cpuMs > 0.4 && cpuMs < 2, `${cpuMs}`);
    reader.cancel();
    assert.equal(source.cancelled, true);
  });
}

test('gzip: what comes late after the end is a TypeError too, for whoever reads and nobody else', async () => {
  const late = (rest: () => Promise<Uint8Array | null>): ByteReader => {
    let reads = 0;
    return { read: async () => (++reads === 1 ? gzipSync('text') : nextRound().then(nextRound).then(rest)), cancel: () => undefined };
  };
  const moreData = async (): Promise<Uint8Array> => Buffer.from('more');
  const brokenOff = (): Promise<never> => Promise.reject(new Error('The client went away'));
  for (const rest of [moreData, brokenOff]) await assert.rejects(all(coded(late(rest), 'decompress', 'gzip', free)), TypeError);
  // an event that nobody listens for would fail the test
  await nextRound();
});

test('every byte of a gzip frame counts', async () => {
  const good = gzipSync('text');
  for (const index of [0, 1, 2, 3, good.length - 8, good.length - 1]) {
    const wrong = Buffer.from(good);
    wrong[index]! ^= 0xe0;
    await assert.rejects(all(coded(sourceOf(wrong, 100), 'decompress', 'gzip', free)), TypeError, `${index}`);
  }
  const head = Buffer.from([0x1f, 0x8b, 8, 4 | 8 | 16 | 2, 0, 0, 0, 0, 0, 3, 2, 0, 9, 9, 65, 0, 66, 0, 1, 1]);
  const body = good.subarray(10);
  assert.equal(String(await all(coded(sourceOf(Buffer.concat([head, body]), 3), 'decompress', 'gzip', free))), 'text');
});

test('gzip of nothing, whose end comes before its trailer was taken', async () => {
  for (const chunkBytes of [1, 2, 10, 12, 18, 20]) {
    const source = sourceOf(gzipSync(''), chunkBytes);
    const late: ByteReader = { read: () => new Promise((resolve) => setImmediate(() => resolve(source.read()))), cancel: () => source.cancel() };
    assert.equal((await all(coded(late, 'decompress', 'gzip', free))).length, 0);
  }
});

test('an input that fails makes the output fail, with its own TypeError', async () => {
  for (const direction of ['compress', 'decompress'] as const) {
    const source = sourceOf(gzipSync(plain), 100);
    const read = source.read.bind(source);
    source.read = async () => {
      if (source.readBytes > 1_000) throw new TypeError('broke off');
      return read();
    };
    await assert.rejects(all(coded(source, direction, 'gzip', free)), /broke off/);
  }
});

test('compression is charged by its input', async () => {
  let cpuMs = 0;
  await all(coded(sourceOf(Buffer.alloc(4_000_000), 500_000), 'compress', 'gzip', (ms) => (cpuMs += ms)));
  assert.ok(cpuMs > 90 && cpuMs < 120, `${cpuMs}`);
});

test('fields that are no call are refused', async () => {
  const wrong = [[], ['compress', 'gzip'], ['compress', 'brotli', '1'], ['explode', 'gzip', '1'], ['compress', 'gzip', '-1'], ['compress', 'gzip', '1e3']];
  const context = { readStream: () => assert.fail('opened') } as never;
  for (const fields of wrong) await assert.rejects(compressionCall(context, 'compression', fields, []), RangeError, fields.join());
});

test('a host that has no room for the stream lets go of the input', async () => {
  const source = sourceOf(plain, 10);
  const context = {
    readStream: () => source,
    offerStream: () => {
      throw new TypeError('Too many open streams');
    },
    chargeCpu: free,
  } as never;
  const direction: CompressionDirection = 'compress';
  await assert.rejects(compressionCall(context, 'compression', [direction, 'gzip', '1'], []), /Too many/);
  assert.equal(source.cancelled, true);
});
