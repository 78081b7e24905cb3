import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { HOST_LIMITS } from '../protocol/limits.ts';
import { openDataDir, type DataDir } from './data-dir.ts';
import { DeployStore } from './deploy-store.ts';

async function openStore(t: TestContext): Promise<{ dataDir: DataDir; store: DeployStore }> {
  const path = await mkdtemp(join(tmpdir(), 'nanos-deploy-store-'));
  const dataDir = await openDataDir(path);
  t.after(async () => {
    await dataDir.close();
    await rm(path, { recursive: true, force: true });
  });
  return { dataDir, store: await DeployStore.open(dataDir) };
}

async function upload(dataDir: DataDir, text: string): Promise<string> {
  const folder = await mkdtemp(join(dataDir.temporary, 'upload-'));
  await writeFile(join(folder, 'index.js'), text);
  return folder;
}

async function deploy(dataDir: DataDir, store: DeployStore, name: string, text: string): Promise<number> {
  const { version } = await store.add(name, await upload(dataDir, text));
  await store.activate(name, version);
  return version;
}

test('versions rise, the active one is listed with its folder, and another instance reads the same', async (t) => {
  const { dataDir, store } = await openStore(t);
  assert.deepEqual(await store.list(), []);
  assert.equal(await deploy(dataDir, store, 'shop', 'one'), 1);
  assert.equal(await deploy(dataDir, store, 'shop', 'two'), 2);
  assert.equal(await deploy(dataDir, store, 'blog', 'b'), 1);
  const reopened = await DeployStore.open(dataDir);
  const apps = await reopened.list();
  assert.deepEqual(apps.map(({ name, current, versions }) => [name, current.version, versions]), [['blog', 1, [1]], ['shop', 2, [2, 1]]]);
  assert.equal(await readFile(join(apps[1]?.current.folder ?? '', 'index.js'), 'utf8'), 'two');
});

test('a version that was added and not activated does not serve, and is discarded', async (t) => {
  const { dataDir, store } = await openStore(t);
  await deploy(dataDir, store, 'shop', 'one');
  const { version } = await store.add('shop', await upload(dataDir, 'broken'));
  assert.equal((await store.get('shop'))?.current.version, 1);
  await store.discard('shop', version);
  assert.deepEqual((await store.get('shop'))?.versions, [1]);
  await assert.rejects(store.discard('shop', 1), { code: 'forbidden' });
});

test('a first deployment that is discarded leaves no app', async (t) => {
  const { dataDir, store } = await openStore(t);
  const { version } = await store.add('shop', await upload(dataDir, 'broken'));
  await store.discard('shop', version);
  assert.deepEqual(await readdir(join(dataDir.path, 'apps')), []);
});

test('keeps the newest versions and the one that serves', async (t) => {
  const { dataDir, store } = await openStore(t);
  for (let count = 0; count < HOST_LIMITS.versionsKeptMax; count++) await deploy(dataDir, store, 'shop', String(count));
  assert.equal((await store.get('shop'))?.versions.length, HOST_LIMITS.versionsKeptMax);
  await store.activate('shop', 1);
  const { version } = await store.add('shop', await upload(dataDir, 'next'));
  assert.equal(version, HOST_LIMITS.versionsKeptMax + 1);
  await store.activate('shop', 1);
  const kept = (await store.get('shop'))?.versions ?? [];
  assert.equal(kept.length, HOST_LIMITS.versionsKeptMax);
  assert.ok(kept.includes(1) && kept.includes(version));
});

test('a number is not given twice, not even after the newest was rolled back from', async (t) => {
  const { dataDir, store } = await openStore(t);
  await deploy(dataDir, store, 'shop', 'one');
  await deploy(dataDir, store, 'shop', 'two');
  await store.activate('shop', 1);
  assert.equal(await deploy(dataDir, store, 'shop', 'three'), 3);
});

test('activate names the versions there are', async (t) => {
  const { dataDir, store } = await openStore(t);
  await deploy(dataDir, store, 'shop', 'one');
  await assert.rejects(store.activate('shop', 9), { code: 'not_found', message: /no version 9. Kept are: 1/ });
});

test('removes an app whole', async (t) => {
  const { dataDir, store } = await openStore(t);
  await deploy(dataDir, store, 'shop', 'one');
  await store.remove('shop');
  assert.deepEqual(await store.list(), []);
  assert.deepEqual(await readdir(dataDir.temporary), []);
  await assert.rejects(store.remove('shop'), { code: 'not_found' });
});

test('opening clears what a killed process left', async (t) => {
  const { dataDir, store } = await openStore(t);
  await deploy(dataDir, store, 'shop', 'one');
  const root = join(dataDir.path, 'apps');
  await writeFile(join(root, 'shop', '.0a.tmp'), 'half');
  await mkdir(join(root, 'never-activated', '1'), { recursive: true });
  await mkdir(join(root, 'Not A Name'));
  await DeployStore.open(dataDir);
  assert.deepEqual(await readdir(root), ['shop']);
  assert.deepEqual((await readdir(join(root, 'shop'))).toSorted(), ['1', 'current']);
});

for (const name of ['', '.', '..', '../up', 'a/b', 'UPPER', 'a'.repeat(64), '-a', 'a\0']) {
  test(`refuses the name ${JSON.stringify(name)}`, async (t) => {
    const { dataDir, store } = await openStore(t);
    await assert.rejects(store.add(name, await upload(dataDir, '')), { code: 'app_name_invalid' });
    await assert.rejects(store.remove(name), { code: 'app_name_invalid' });
  });
}
