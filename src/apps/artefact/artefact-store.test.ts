import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, realpath, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { AppConfig } from '../../protocol/app.ts';
import type { ArtefactContent } from './artefact-file.ts';
import { ArtefactStore } from './artefact-store.ts';
import { currentInput } from './build-inputs.ts';
import { loadArtefact } from './load-artefact.ts';
import { pruneArtefacts } from './prune-artefacts.ts';

const KEY = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const content: ArtefactContent = { road: 'script', awaits: false, handlers: ['fetch'], script: 'x', codeCache: undefined, snapshot: undefined, wasm: [] };

interface Fixture {
  readonly folder: string;
  readonly store: ArtefactStore;
  readonly app: AppConfig;
  readonly remember: (key: string) => Promise<void>;
}

async function fixture(t: { after(action: () => Promise<void>): void }): Promise<Fixture> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'nanos-store-')));
  t.after(() => rm(folder, { recursive: true }));
  const store = new ArtefactStore(join(folder, 'artefacts'));
  await store.open();
  const main = join(folder, 'index.js');
  await writeFile(main, 'x');
  const rest = { hostnames: [], confined: false, port: undefined, limits: {}, rules: [], egress: undefined, bindings: {}, crons: [], configFiles: [], warnings: [] };
  const app: AppConfig = { name: 'a', folder, path: folder, main, vars: { A: 1 }, secrets: { S: 'hidden' }, ...rest };
  const remember = async (key: string): Promise<void> => {
    const input = await currentInput(main);
    const artefact = await store.write(key, content, '{}');
    await store.remember(app, 'host', { artefact, inputs: input === undefined ? [] : [input], warnings: [], reused: false });
  };
  return { folder, store, app, remember };
}

test('an unchanged app is what it was', async (t) => {
  const { store, app, remember } = await fixture(t);
  assert.equal(await store.reuse(app, 'host'), undefined);
  await remember(KEY);
  const reused = await store.reuse(app, 'host');
  assert.equal(reused?.reused, true);
  assert.equal((await loadArtefact(reused.artefact.file, reused.artefact.sha256)).script, 'x');
  assert.deepEqual((await store.reuse({ ...app, secrets: {}, hostnames: ['x.com'] }, 'host'))?.artefact, reused.artefact);
});

test('a change of sources, configuration, host or artefact is noticed', async (t) => {
  const { store, app, remember } = await fixture(t);
  await remember(KEY);
  assert.equal(await store.reuse(app, 'other host'), undefined);
  assert.equal(await store.reuse({ ...app, vars: { A: 2 } }, 'host'), undefined);
  assert.equal(await store.reuse({ ...app, rules: [{ type: 'Text', globs: ['x'] }] }, 'host'), undefined);
  assert.equal(await store.reuse({ ...app, name: 'b' }, 'host'), undefined);
  await writeFile(app.main, 'xy');
  assert.equal(await store.reuse(app, 'host'), undefined);
  await remember(KEY);
  const { artefact } = (await store.reuse(app, 'host'))!;
  await truncate(artefact.file, 10);
  assert.equal(await store.reuse(app, 'host'), undefined);
});

test('a damaged index entry is no entry', async (t) => {
  const { folder, store, app, remember } = await fixture(t);
  await remember(KEY);
  const index = join(folder, 'artefacts/index');
  const [entry = ''] = await readdir(index);
  for (const text of ['', '{', '[]', '{"format":1}']) {
    await writeFile(join(index, entry), text);
    assert.equal(await store.reuse(app, 'host'), undefined);
  }
});

test('files are private and hold no secret', async (t) => {
  const { folder, remember } = await fixture(t);
  await remember(KEY);
  const files = await readdir(join(folder, 'artefacts'), { recursive: true, withFileTypes: true });
  const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
  assert.equal(paths.length, 3);
  for (const path of paths) {
    assert.equal((await stat(path)).mode & 0o777 & ~0o640, 0);
    assert.equal((await readFile(path, 'latin1')).includes('hidden'), false);
  }
});

test('an artefact is found by its key while it is whole', async (t) => {
  const { store } = await fixture(t);
  assert.equal(await store.find(KEY), undefined);
  const written = await store.write(KEY, content, '{}');
  assert.deepEqual(await store.find(KEY), written);
  await writeFile(written.file, 'damaged');
  assert.equal(await store.find(KEY), undefined);
  await store.write(KEY, content, '{}');
  await rm(written.sourceMap);
  assert.equal(await store.find(KEY), undefined);
});

test('pruning keeps what is used, what is young, and as much else as is allowed', async (t) => {
  const { folder, store, remember } = await fixture(t);
  const directory = join(folder, 'artefacts');
  await remember(KEY);
  await store.write(OTHER, content, '{}');
  await writeFile(join(directory, '.0123.tmp'), 'left over');
  await writeFile(join(directory, 'unrelated'), '');
  const nowMs = Date.now() + 3_600_000;
  const names = async (): Promise<string[]> => (await readdir(directory)).toSorted();
  const all = ['.0123.tmp', `${KEY}.map`, `${KEY}.nanos`, `${OTHER}.map`, `${OTHER}.nanos`, 'index', 'unrelated'];

  assert.equal(await pruneArtefacts(directory, { keep: new Set(), nowMs: Date.now() }), 0);
  assert.deepEqual(await names(), all);
  assert.equal(await pruneArtefacts(directory, { keep: new Set([KEY]), nowMs }), 1);
  assert.deepEqual(await names(), all.slice(1));
  assert.equal(await pruneArtefacts(directory, { keep: new Set([KEY]), nowMs, unusedBytesMax: 0 }), 2);
  assert.deepEqual(await names(), [`${KEY}.map`, `${KEY}.nanos`, 'index', 'unrelated']);
  await utimes(join(directory, `${KEY}.nanos`), new Date(0), new Date(0));
  assert.equal(await pruneArtefacts(directory, { keep: new Set(), nowMs }), 2, 'the old artefact and its index entry');
  assert.deepEqual(await readdir(join(directory, 'index')), []);
});
