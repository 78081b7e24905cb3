import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { AppConfig } from '../../protocol/app.ts';
import { testFolder } from '../../util/test-folder.ts';
import { findClashes } from './clashes.ts';
import { readAppFolder } from './read-app-folder.ts';

async function appsOf(test: TestContext, configs: readonly string[]): Promise<AppConfig[]> {
  const root = await testFolder(test);
  const folders = configs.map((_, index) => join(root, `f${index}`));
  for (const [index, folder] of folders.entries()) {
    await mkdir(folder);
    await writeFile(join(folder, 'app.nano'), configs[index] ?? '');
    await writeFile(join(folder, 'index.js'), '');
  }
  return Promise.all(folders.map(async (folder) => readAppFolder(folder)));
}

describe('findClashes', () => {
  it('finds nothing among apps that differ', async (test) => {
    const apps = await appsOf(test, ['name: a\nhostnames: [a.com, A.com., a.localhost]\nport: 4001', 'name: b\nhostname: a-com\nport: 4002', 'name: c']);
    assert.deepEqual(findClashes(apps), []);
  });

  const clashes: readonly (readonly [string, string, string])[] = [
    ['name a', 'name: a', 'name: a'],
    ['hostname a.com', 'name: a\nhostname: a.com', 'name: b\nhostname: A.com:80'],
    ['port 4001', 'name: a\nport: 4001', 'name: b\nport: 4001'],
  ];
  for (const [thing, first, second] of clashes) {
    it(`names both folders and the ${thing}`, async (test) => {
      const [a, b, ...others] = await appsOf(test, [first, second, 'name: third']);
      assert.ok(a !== undefined && b !== undefined);
      const [clash, ...more] = findClashes([a, b, ...others]);
      assert.deepEqual(more, []);
      assert.equal(clash?.code, 'app_clash');
      assert.equal(clash.message, `Two apps have the ${thing}: ${a.folder} and ${b.folder}; change one`);
      assert.deepEqual(clash.position, { file: join(b.folder, 'app.nano') });
    });
  }

  it('leaves <name>.localhost to the app of that name, wherever it stands', async (test) => {
    const [thief, owner] = await appsOf(test, ['name: a\nhostname: b.localhost', 'name: b']);
    assert.ok(thief !== undefined && owner !== undefined);
    for (const apps of [[thief, owner], [owner, thief]]) {
      assert.deepEqual(
        findClashes(apps).map((clash) => clash.message),
        [`Two apps have the hostname b.localhost: ${owner.folder} and ${thief.folder}; change one`],
      );
    }
  });

  it('reports each clash of several', async (test) => {
    const apps = await appsOf(test, ['name: a\nport: 4001', 'name: a\nport: 4001', 'name: a']);
    assert.deepEqual(findClashes(apps).map((clash) => /the (\w+ \w+)/.exec(clash.message)?.[1]), ['name a', 'name a', 'port 4001']);
  });

  it('names a folder that is served twice', async (test) => {
    const [app] = await appsOf(test, ['name: a']);
    assert.ok(app !== undefined);
    assert.match(findClashes([app, { ...app }])[0]?.message ?? '', /is served twice with the name a/);
  });
});
