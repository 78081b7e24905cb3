import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fc } from '../../util/test-properties.ts';
import { decodeArtefact, encodeArtefact, type ArtefactContent } from './artefact-file.ts';
import { loadArtefact } from './load-artefact.ts';

const bytes = fc.uint8Array({ maxLength: 200 });
const contents: fc.Arbitrary<ArtefactContent> = fc.record({
  road: fc.constantFrom('snapshot', 'script'),
  awaits: fc.boolean(),
  handlers: fc.subarray(['fetch', 'scheduled']),
  script: fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
  codeCache: fc.option(bytes, { nil: undefined }),
  snapshot: fc.option(bytes, { nil: undefined }),
  wasm: fc.array(bytes, { maxLength: 3 }),
});

function comparable({ codeCache, snapshot, wasm, ...rest }: ArtefactContent): object {
  const list = (data: Uint8Array | undefined): number[] | undefined => (data === undefined ? undefined : [...data]);
  return { ...rest, codeCache: list(codeCache), snapshot: list(snapshot), wasm: wasm.map(list) };
}

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(contents, (content) => {
      const encoded = encodeArtefact(content);
      assert.deepEqual(comparable(decodeArtefact(encoded.bytes, encoded.sha256)), comparable(content));
      assert.deepEqual(comparable(decodeArtefact(encoded.bytes, undefined)), comparable(content));
    }),
  );
});

const sample = encodeArtefact({ road: 'snapshot', awaits: false, handlers: ['fetch'], script: 'x'.repeat(500), codeCache: undefined, snapshot: randomBytes(2_000), wasm: [randomBytes(10)] });

test('a copy of a section is a buffer of that section alone', () => {
  const { snapshot, wasm } = decodeArtefact(sample.bytes, sample.sha256);
  assert.equal(snapshot?.slice().buffer.byteLength, 2_000);
  assert.equal(wasm[0]?.slice().buffer.byteLength, 10);
});

test('a flipped bit anywhere is noticed', () => {
  fc.assert(
    fc.property(fc.nat(sample.bytes.length * 8 - 1), (bit) => {
      const damaged = Buffer.from(sample.bytes);
      damaged[bit >> 3] = damaged[bit >> 3]! ^ (1 << (bit & 7));
      assert.throws(() => decodeArtefact(damaged, sample.sha256), { code: 'artefact_corrupt' });
      assert.throws(() => decodeArtefact(damaged, undefined), { code: 'artefact_corrupt' });
    }),
  );
});

test('so is a missing or an extra end', () => {
  for (const length of [0, 1, 12, 43, 44, 100, sample.bytes.length - 1]) {
    assert.throws(() => decodeArtefact(sample.bytes.subarray(0, length), undefined), { code: 'artefact_corrupt' }, `${length} bytes`);
  }
  assert.throws(() => decodeArtefact(Buffer.concat([sample.bytes, Buffer.from([0])]), sample.sha256), { code: 'artefact_corrupt' });
});

/** With a digest that is right. */
function sealed(body: Buffer): Buffer {
  return Buffer.concat([body, createHash('sha256').update(body).digest()]);
}

test('whole files that are none of ours', () => {
  const header = (json: string): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(json));
    return Buffer.concat([Buffer.from('nanosapp'), length, Buffer.from(json)]);
  };
  const valid = { format: 1, road: 'script', awaits: false, handlers: [] };
  const wrong = [
    Buffer.alloc(100),
    header('{'),
    header(JSON.stringify({ ...valid, format: 999, sections: [] })),
    header(JSON.stringify({ ...valid, sections: [{ name: 'script', bytes: 1e6 }] })),
    header(JSON.stringify({ ...valid, sections: [{ name: 'other', bytes: 0 }] })),
    Buffer.concat([header(JSON.stringify({ ...valid, sections: [] })), Buffer.from('more')]),
    Buffer.concat([Buffer.from('nanosapp'), Buffer.from([255, 255, 255, 255])]),
  ];
  for (const body of wrong) assert.throws(() => decodeArtefact(sealed(body), undefined), { code: 'artefact_corrupt' }, body.toString('latin1'));
});

test('loading checks the hash that the host knows', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'nanos-artefact-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'a.nanos');
  await assert.rejects(loadArtefact(file, sample.sha256), { code: 'artefact_corrupt' });
  await writeFile(file, sample.bytes);
  assert.equal((await loadArtefact(file, sample.sha256)).script.length, 500);
  await assert.rejects(loadArtefact(file, '0'.repeat(64)), { code: 'artefact_corrupt' });
  await assert.rejects(loadArtefact(folder, sample.sha256), { code: 'artefact_corrupt' });
});
