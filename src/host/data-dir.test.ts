import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { openDataDir } from './data-dir.ts';
import { processIdentity } from './process-identity.ts';

async function emptyFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nanos-data-dir-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('creates the folder for its owner only, and leaves no lock behind when closed', async (t) => {
  const path = join(await emptyFolder(t), 'deep', 'data');
  const dataDir = await openDataDir(path);
  assert.equal((await stat(path)).mode & 0o777, 0o700);
  assert.equal(await readFile(join(path, 'version'), 'utf8'), '1\n');
  await dataDir.close();
  await dataDir.close();
  assert.deepEqual((await readdir(path)).toSorted(), ['tmp', 'version']);
});

test('gives the real path when the folder is reached through a link', async (t) => {
  const folder = await emptyFolder(t);
  await mkdir(join(folder, 'real'));
  await symlink(join(folder, 'real'), join(folder, 'link'));
  const dataDir = await openDataDir(join(folder, 'link'));
  assert.match(dataDir.path, /real$/);
  await dataDir.close();
});

test('has one writer at a time and names it', async (t) => {
  const path = await emptyFolder(t);
  const first = await openDataDir(path);
  await assert.rejects(openDataDir(path), { code: 'data_dir_in_use', message: new RegExp(`in use by process ${process.pid}`) });
  await first.close();
  const second = await openDataDir(path);
  await second.close();
});

test('takes over from a process that died', async (t) => {
  const path = await emptyFolder(t);
  const { stdout } = await promisify(execFile)(process.execPath, ['-p', 'process.pid']);
  await writeFile(join(path, `lock.${stdout.trim()}.-.00`), '');
  await writeFile(join(path, `held.${stdout.trim()}.-.00`), '');
  await (await openDataDir(path)).close();
});

test('takes over when another process has the dead one’s id', { skip: processIdentity(process.pid) === '-' }, async (t) => {
  const path = await emptyFolder(t);
  await writeFile(join(path, `lock.${process.pid}.another-boot-1.00`), '');
  await writeFile(join(path, `held.${process.pid}.another-boot-1.00`), '');
  await (await openDataDir(path)).close();
});

for (const damaged of ['lock.', 'lock.x', 'lock.-1.-.0', 'lock.0.-.0', 'lock.99999999999999999999.-.0', 'lock.1e3', 'held.0.-.0']) {
  test(`is not kept out by a file named ${damaged}`, async (t) => {
    const path = await emptyFolder(t);
    await writeFile(join(path, damaged), '');
    await (await openDataDir(path)).close();
  });
}

test('of many that start at once over a dead lock, exactly one gets in', async (t) => {
  const path = await emptyFolder(t);
  await writeFile(join(path, 'lock.0.-.0'), '');
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => openDataDir(path)));
  const opened = results.filter((result) => result.status === 'fulfilled');
  assert.equal(opened.length, 1);
  for (const result of results) if (result.status === 'rejected') assert.equal(result.reason.code, 'data_dir_in_use');
  await opened[0]?.value.close();
  assert.deepEqual((await readdir(path)).filter((name) => /^(lock|held)/.test(name)), []);
});

test('empties what was half made', async (t) => {
  const path = await emptyFolder(t);
  await mkdir(join(path, 'tmp', 'upload-1'), { recursive: true });
  const dataDir = await openDataDir(path);
  assert.deepEqual(await readdir(dataDir.temporary), []);
  await dataDir.close();
});

test('refuses a format it doesn’t know, and gives up the lock', async (t) => {
  const path = await emptyFolder(t);
  await writeFile(join(path, 'version'), '7\n');
  await assert.rejects(openDataDir(path), { code: 'config_invalid', message: /format "7"/ });
  assert.deepEqual(await readdir(path), ['version']);
});

test('says so when the path is a file', async (t) => {
  const path = join(await emptyFolder(t), 'file');
  await writeFile(path, '');
  await assert.rejects(openDataDir(path), { code: 'folder_unreadable' });
});
