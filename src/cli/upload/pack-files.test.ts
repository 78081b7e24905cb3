import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { packFiles } from './pack-files.ts';

test('a file that is gone when it is its turn fails the archive', async () => {
  await assert.rejects(buffer(packFiles([{ source: '/nowhere/a', path: 'a' }], () => undefined)), { code: 'ENOENT' });
});

test('a reader may leave early', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'nanos-pack-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'noise'), Buffer.from(Array.from({ length: 1e6 }, (_, index) => (index * index * 31) >> 3)));
  const files = Array.from({ length: 5 }, (_, index) => ({ source: join(folder, 'noise'), path: String(index) }));
  let seen = 0;
  for await (const chunk of packFiles(files, () => undefined)) {
    seen += chunk.length;
    break;
  }
  assert.ok(seen > 0);
});
