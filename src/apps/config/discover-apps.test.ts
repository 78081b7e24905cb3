import assert from 'node:assert/strict';
import { chmod, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { asOrdinaryUser, testFolder } from '../../util/test-folder.ts';
import { discoverApps } from './discover-apps.ts';

describe('discoverApps', () => {
  it('takes a folder that is an app as the only one', async (test) => {
    const root = await testFolder(test, { 'shop/index.js': '', 'shop/lib/index.js': '' });
    const { apps, failures } = await discoverApps(join(root, 'shop'));
    assert.deepEqual([apps.map((app) => app.name), failures], [['shop'], []]);
  });

  it('finds the apps in a folder of them, in order, and passes over the rest', async (test) => {
    const root = await testFolder(test, {
      'readme.md': '',
      'c/wrangler.toml': 'name = "third"\nmain = "x.js"',
      'c/x.js': '',
      'a/index.js': '',
      'b/src/index.ts': '',
      '.git/index.js': '',
      'node_modules/index.js': '',
      'docs/text.md': '',
      'group/nested/index.js': '',
    });
    await symlink(join(root, 'nowhere'), join(root, 'broken'));
    await symlink(join(root, 'readme.md'), join(root, 'file'));
    await symlink(join(root, 'a'), join(root, 'z'));
    const { apps, failures } = await discoverApps(root);
    assert.deepEqual(apps.map((app) => [app.name, app.folder]), [
      ['a', join(root, 'a')],
      ['b', join(root, 'b')],
      ['third', join(root, 'c')],
      ['z', join(root, 'a')],
    ]);
    assert.deepEqual(failures, []);
  });

  it('keeps the others when one is broken', async (test) => {
    const root = await testFolder(test, { 'a/index.js': '', 'b/wrangler.json': '{', 'my_app/index.js': '', 'closed/index.js': '' });
    await chmod(root, 0o755);
    await chmod(join(root, 'closed'), 0);
    const { apps, failures } = await asOrdinaryUser(async () => discoverApps(root));
    assert.deepEqual(apps.map((app) => app.name), ['a']);
    assert.deepEqual(
      failures.map(({ folder, error }) => [folder, error.code]),
      [
        [join(root, 'b'), 'config_invalid'],
        [join(root, 'closed'), 'folder_unreadable'],
        [join(root, 'my_app'), 'app_name_invalid'],
      ],
    );
  });

  it('gives the failure of a single broken app', async (test) => {
    const root = await testFolder(test, { 'app.nano': 'name: 5', 'index.js': '' });
    const { apps, failures } = await discoverApps(root);
    assert.deepEqual([apps, failures.map(({ folder, error }) => [folder, error.code])], [[], [[root, 'config_invalid']]]);
  });

  it('refuses a folder that is missing, unreadable or without apps', async (test) => {
    const root = await testFolder(test, { 'docs/text.md': '', '.hidden/index.js': '' });
    await assert.rejects(discoverApps(join(root, 'nowhere')), { code: 'folder_missing' });
    await assert.rejects(discoverApps(root), { code: 'folder_empty', message: /wrangler\.jsonc.*src\/index/ });
    await chmod(root, 0);
    await asOrdinaryUser(async () => assert.rejects(discoverApps(root), { code: 'folder_unreadable' }));
  });

  it('finds two thousand apps', async (test) => {
    const files = Array.from({ length: 2_000 }, (_, index) => [`app-${index}/wrangler.json`, `{ "name": "app-${index}", "main": "w.js" }`]);
    const mains = Array.from({ length: 2_000 }, (_, index) => [`app-${index}/w.js`, '']);
    const root = await testFolder(test, Object.fromEntries([...files, ...mains]));
    const { apps, failures } = await discoverApps(root);
    assert.equal(new Set(apps.map((app) => app.name)).size, 2_000);
    assert.deepEqual(failures, []);
  });
});
