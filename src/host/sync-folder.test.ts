import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { syncFolder } from './sync-folder.ts';

test('takes folders in folders, empty ones and files that may only be read', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'nanos-test-'));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'a/b'), { recursive: true });
  await mkdir(join(folder, 'empty'));
  await writeFile(join(folder, 'a/b/file'), 'text', { mode: 0o400 });
  await assert.doesNotReject(syncFolder(folder));
});

test('a folder that is not there is an error', async () => {
  await assert.rejects(syncFolder(join(tmpdir(), 'nanos-test-absent')), { code: 'ENOENT' });
});
