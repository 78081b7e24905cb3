import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { appFolderChanges } from './app-folder-changes.ts';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'nanos-changes-')));
after(() => rmSync(scratch, { recursive: true }));
let root = '';
beforeEach(async () => {
  root = join(scratch, 'apps');
  rmSync(root, { recursive: true, force: true });
  await mkdir(root);
});

async function write(path: string, text = ''): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return dirname(file);
}

test('what came, what went, what can not be read, what is no app yet', async () => {
  const [kept, came, broken, gone] = [await write('kept/index.js'), await write('came/index.js'), await write('broken/wrangler.json', '{'), join(root, 'gone')];
  await mkdir(join(root, 'empty'));
  await mkdir(join(root, '.hidden'));
  const changes = await appFolderChanges([root], new Set([kept, gone, join(scratch, 'elsewhere')]));
  assert.deepEqual(changes?.apps.map(({ name, path }) => [name, path]), [['came', came]]);
  assert.deepEqual(changes?.failures.map(({ folder, error }) => [folder, error.code]), [[broken, 'config_invalid']]);
  assert.deepEqual([changes?.gone, changes?.empty], [[gone], [join(root, 'empty')]]);
});

test('folders that are served are not read again', async () => {
  const served = await write('served/wrangler.json', 'not even JSON');
  assert.deepEqual(await appFolderChanges([root], new Set([served])), { apps: [], failures: [], gone: [], empty: [] });
});

test('a folder by a link, and the link to nowhere', async () => {
  const there = join(scratch, 'linked');
  await mkdir(there, { recursive: true });
  await writeFile(join(there, 'index.js'), '');
  symlinkSync(there, join(root, 'by-link'));
  symlinkSync(join(scratch, 'nowhere'), join(root, 'dangling'));
  const changes = await appFolderChanges([root], new Set());
  assert.deepEqual(changes?.apps.map(({ folder, path }) => [basename(folder), basename(path)]), [['linked', 'by-link']]);
  assert.deepEqual(await appFolderChanges([root], new Set([join(root, 'by-link')])), { apps: [], failures: [], gone: [], empty: [join(root, 'dangling')] });
});

test('several folders of apps, one of which has become an app, or is gone', async () => {
  const [one, other] = [await write('one/a/index.js'), await write('other/b/index.js')].map(dirname);
  assert.deepEqual((await appFolderChanges([one!, other!], new Set()))?.apps.map(({ name }) => name), ['a', 'b']);
  await write('other/index.js');
  assert.equal(await appFolderChanges([one!, other!], new Set()), undefined);
  await assert.rejects(appFolderChanges([join(root, 'none')], new Set()), { code: 'folder_missing' });
});
