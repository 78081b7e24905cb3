import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { iterateBody } from './body-reader.ts';
import type { BodyReader } from './body-reader.ts';
import { decodedBody, knownCodings } from './content-decoding.ts';

const plain = Buffer.from('Grüße, '.repeat(5_000));

function bodyOf(bytes: Uint8Array, chunkBytes: number): BodyReader & { bytesRead: number; cancelled: boolean } {
  return {
    bytesRead: 0,
    cancelled: false,
    async read() {
      const chunk = bytes.subarray(this.bytesRead, this.bytesRead + chunkBytes);
      this.bytesRead += chunk.byteLength;
      return chunk.byteLength === 0 || this.cancelled ? null : chunk;
    },
    cancel() {
      this.cancelled = true;
    },
  };
}

const free = (): void => {};

async function textOf(body: BodyReader): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of iterateBody(body)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('knownCodings', () => {
  it('lists what it can decode in the order of application', () => {
    assert.deepEqual(knownCodings('gzip'), ['gzip']);
    assert.deepEqual(knownCodings(' Deflate ,identity, BR'), ['deflate', 'br']);
  });
  it('leaves a body alone when there is nothing to decode, or something unknown, or too much', () => {
    for (const value of ['', 'identity', 'zstd', 'gzip, zstd', 'gzip,gzip,gzip,gzip', 'constructor']) assert.equal(knownCodings(value), undefined);
  });
});

describe('decodedBody', () => {
  const cases: readonly (readonly [string, readonly string[], Uint8Array])[] = [
    ['gzip', ['gzip'], gzipSync(plain)],
    ['x-gzip', ['x-gzip'], gzipSync(plain)],
    ['brotli', ['br'], brotliCompressSync(plain)],
    ['deflate', ['deflate'], deflateSync(plain)],
    ['deflate without its wrapper', ['deflate'], deflateRawSync(plain)],
    ['two codings', ['br', 'gzip'], gzipSync(brotliCompressSync(plain))],
  ];
  for (const [name, codings, bytes] of cases) {
    for (const chunkBytes of [1_000_000, 7]) {
      it(`decodes ${name} in chunks of ${chunkBytes}`, async () => {
        assert.equal(await textOf(decodedBody(bodyOf(bytes, chunkBytes), codings, free)), plain.toString());
      });
    }
  }

  it('gives an empty body for an empty body', async () => {
    assert.equal(await textOf(decodedBody(bodyOf(Buffer.alloc(0), 10), ['gzip'], free)), '');
  });

  it('rejects bytes that are not in the coding', async () => {
    await assert.rejects(textOf(decodedBody(bodyOf(Buffer.from('not compressed at all'), 100), ['gzip'], free)), { code: 'Z_DATA_ERROR' });
  });

  it('passes on the error of its source', async () => {
    const source = bodyOf(gzipSync(plain), 50);
    const read = source.read.bind(source);
    source.read = async () => {
      if (source.bytesRead > 0) throw new TypeError('broke off');
      return read();
    };
    await assert.rejects(textOf(decodedBody(source, ['gzip'], free)), { message: 'broke off' });
  });

  it('takes no more of a bomb than is read of it', async () => {
    const member = gzipSync(Buffer.alloc(32 * 1024 * 1024));
    const bomb = Buffer.concat(Array.from({ length: 16 }, () => member));
    const source = bodyOf(bomb, 1_024);
    const body = decodedBody(source, ['gzip'], free);
    const first = await body.read();
    assert.ok(first !== null && first.byteLength <= 64 * 1024);
    assert.ok(source.bytesRead < bomb.byteLength / 2, `${source.bytesRead} of ${bomb.byteLength} bytes taken for one chunk`);
    body.cancel();
    assert.equal(source.cancelled, true);
    assert.equal(await body.read(), null);
  });

  describe('charges', () => {
    const total = async (bytes: Uint8Array, codings: readonly string[]): Promise<number> => {
      let cpuMs = 0;
      await textOf(decodedBody(bodyOf(bytes, 64 * 1024), codings, (ms) => void (cpuMs += ms))).catch(() => undefined);
      return cpuMs;
    };

    it('what goes in and what comes out', async () => {
      const small = await total(gzipSync('x'), ['gzip']);
      assert.ok(small > 0 && small < 1, `${small}`);
      const inflated = await total(gzipSync(Buffer.alloc(32 * 1024 * 1024)), ['gzip']);
      assert.ok(inflated > 25 && inflated < 250, `${inflated}`);
      const stored = await total(gzipSync(randomBytes(8 * 1024 * 1024), { level: 0 }), ['gzip']);
      assert.ok(stored > small + 20 && stored < 250, `${stored}`);
    });

    it('a body that grows between its codings and yields nothing', async () => {
      const nothing = gzipSync('');
      const manyNothings = Buffer.alloc(16 * 1024 * 1024, nothing);
      const cpuMs = await total(gzipSync(manyNothings), ['gzip', 'gzip']);
      assert.ok(cpuMs > 50, `${cpuMs}`);
    });

    it('and can be stopped by who is charged, though nothing was read yet', async () => {
      const source = bodyOf(Buffer.alloc(0), 1);
      const endless = gzipSync(Buffer.alloc(64 * 1024 * 1024, gzipSync('')));
      source.read = async () => {
        if (source.cancelled) return null;
        source.bytesRead += endless.byteLength;
        return endless;
      };
      let cpuMs = 0;
      const body = decodedBody(source, ['gzip', 'gzip'], (ms) => {
        cpuMs += ms;
        if (cpuMs > 50) body.cancel();
      });
      await body.read().catch(() => null);
      assert.equal(source.cancelled, true);
      assert.ok(cpuMs < 100, `${cpuMs}`);
    });
  });
});
