import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { TokenStore } from './token-store.ts';

async function emptyFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nanos-tokens-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('makes a token a scope once, readable for the owner only', async (t) => {
  const folder = await emptyFolder(t);
  assert.equal(await TokenStore.read(folder), undefined);
  const { tokens } = await TokenStore.open(folder);
  assert.equal(new Set(Object.values(tokens)).size, 3);
  await chmod(join(folder, 'tokens.json'), 0o644);
  assert.deepEqual((await TokenStore.open(folder)).tokens, tokens);
  assert.deepEqual(await TokenStore.read(folder), tokens);
  assert.equal((await stat(join(folder, 'tokens.json'))).mode & 0o777, 0o600);
});

test('knows each token’s scope', async (t) => {
  const store = await TokenStore.open(await emptyFolder(t));
  assert.equal(store.scopeOf(store.tokens.admin), 'admin');
  assert.equal(store.scopeOf(store.tokens.read), 'read');
  assert.equal(store.scopeOf(store.tokens.inference), 'inference');
  assert.equal(store.scopeOf(''), undefined);
  assert.equal(store.scopeOf(store.tokens.admin.slice(0, -1)), undefined);
});

for (const damaged of ['', '{', '{}', '{"admin":"","read":"","inference":""}', '[]']) {
  test(`says so when the file is damaged: ${JSON.stringify(damaged)}`, async (t) => {
    const folder = await emptyFolder(t);
    await writeFile(join(folder, 'tokens.json'), damaged);
    await assert.rejects(TokenStore.open(folder), { code: 'config_invalid', message: /tokens\.json/ });
  });
}
