import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { findManifest } from './agent-manifest-path.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'nanos-manifests-')));
after(() => rmSync(root, { recursive: true }));
const folder = join(root, 'agents');
mkdirSync(join(folder, 'deep/er'), { recursive: true });
for (const file of ['a.nano', 'deep/er/b.nano', '%2e%2e.nano', '..c.nano', 'notes.txt', '../outside.nano']) writeFileSync(join(folder, file), '');
symlinkSync('../outside.nano', join(folder, 'out.nano'));
symlinkSync('..', join(folder, 'up'));
symlinkSync('deep/er/b.nano', join(folder, 'in.nano'));
symlinkSync('loop.nano', join(folder, 'loop.nano'));

test('manifests in the folder, at any depth, also by a link that stays inside', async () => {
  assert.equal(await findManifest(folder, 'a.nano'), join(folder, 'a.nano'));
  assert.equal(await findManifest(folder, 'deep/er/b.nano'), join(folder, 'deep/er/b.nano'));
  assert.equal(await findManifest(folder, 'in.nano'), join(folder, 'deep/er/b.nano'));
});

test('names that only look like a way out are names', async () => {
  assert.equal(await findManifest(folder, '%2e%2e.nano'), join(folder, '%2e%2e.nano'));
  assert.equal(await findManifest(folder, '..c.nano'), join(folder, '..c.nano'));
  for (const path of ['%2e%2e/outside.nano', '..%2foutside.nano', '%2e%2e%2foutside.nano', '..%5coutside.nano', '．．/outside.nano']) {
    await assert.rejects(findManifest(folder, path), { code: 'not_found' }, path);
  }
});

test('no way of writing leads out', async () => {
  const outside = join(root, 'outside.nano');
  const paths = ['../outside.nano', outside, `/${outside}`, 'deep/../../outside.nano', './a.nano', 'deep//er/b.nano', 'deep/./er/b.nano', '/a.nano', '..\\outside.nano', 'deep\\er\\b.nano', 'C:\\a.nano', 'a.nano\0', 'a\0.nano', '../outside.nano\0a.nano', '', '/', '..', 'a.nano/', `${'x/'.repeat(600)}a.nano`];
  for (const path of paths) await assert.rejects(findManifest(folder, path), { code: 'path_escape' }, JSON.stringify(path));
});

test('nor does a link', async () => {
  for (const path of ['out.nano', 'up/outside.nano', 'up/agents/../outside.nano']) await assert.rejects(findManifest(folder, path), { code: 'path_escape' }, path);
  await assert.rejects(findManifest(folder, 'loop.nano'), { code: 'not_found' });
});

test('only manifests are read, and what is not there is said without a path of the host', async () => {
  await assert.rejects(findManifest(folder, 'notes.txt'), { code: 'bad_request' });
  await assert.rejects(findManifest(folder, 'deep/none.nano'), ({ code, message }: { code: string; message: string }) => code === 'not_found' && !message.includes(root));
});
