import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import type { BuildInput } from '../../protocol/app.ts';
import { completeInputs, currentInput, inputsHold } from './build-inputs.ts';

const root = await realpath(await mkdtemp(join(tmpdir(), 'nanos-inputs-')));
test.after(() => rm(root, { recursive: true, force: true }));
const app = join(root, 'app');
const files = ['app/src/deep/index.js', 'app/tsconfig.json', 'node_modules/p/lib/a.js', 'node_modules/p/package.json', 'outside.json'];

async function write(name: string, content = name): Promise<void> {
  await mkdir(join(root, name, '..'), { recursive: true });
  await writeFile(join(root, name), content);
}

async function inputs(startedMs = Infinity): Promise<BuildInput[]> {
  const read = await Promise.all(['app/src/deep/index.js', 'node_modules/p/lib/a.js'].map((name) => currentInput(join(root, name))));
  return completeInputs(app, read.filter((input) => input !== undefined), startedMs);
}

test.beforeEach(async () => {
  for (const name of files) await write(name);
});

test('folders up to the app’s or the package’s, and the files there that steer the bundler', async () => {
  const paths = (await inputs()).map(({ path }) => path.slice(root.length + 1)).toSorted();
  assert.deepEqual(paths, [
    'app',
    'app/src',
    'app/src/deep',
    'app/src/deep/index.js',
    'app/tsconfig.json',
    'node_modules/p',
    'node_modules/p/lib',
    'node_modules/p/lib/a.js',
    'node_modules/p/package.json',
  ]);
});

test('they hold until one changes, goes, or gets a neighbour', async () => {
  const changes = [
    () => write('app/src/deep/index.js', 'changed'),
    () => write('app/tsconfig.json', '{"changed":true}'),
    () => write('app/src/deep/index.ts'),
    () => rm(join(root, 'node_modules/p/package.json')),
    () => utimes(join(root, 'node_modules/p/lib/a.js'), new Date(0), new Date(0)),
  ];
  for (const change of changes) {
    const before = await inputs();
    assert.equal(await inputsHold(before), true);
    await change();
    assert.equal(await inputsHold(before), false, String(change));
  }
});

test('what changed while the build ran never holds', async () => {
  assert.equal(await inputsHold(await inputs(0)), false);
});
