import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { EMBEDDED_MODEL } from './embedded-model.ts';
import { findModel, modelFiles, usableModels } from './model-folder.ts';

async function models(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nanos-models-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const name of ['zeta.gguf', 'Alpha.GGUF', 'big-00001-of-00002.gguf', 'big-00002-of-00002.gguf']) await copyFile(EMBEDDED_MODEL.path, join(folder, name));
  await writeFile(join(folder, 'broken.gguf'), 'GGUF');
  await writeFile(join(folder, 'notes.txt'), '');
  return folder;
}

test('the embedded model, then the files that are there', async (t) => {
  const folder = await models(t);
  assert.deepEqual((await modelFiles(folder)).map(({ name }) => name), ['nanos-agent', 'Alpha', 'big-00001-of-00002', 'broken', 'zeta']);
  const usable = await usableModels(folder);
  assert.deepEqual(usable.map(({ name }) => name), ['nanos-agent', 'Alpha', 'big-00001-of-00002', 'zeta']);
  assert.deepEqual({ ...usable[0], modifiedMs: 0 }, { name: 'nanos-agent', bytes: 1_896_768, modifiedMs: 0, architecture: 'llama', parameters: 1_752_800, contextTokens: 1024, quantization: 'Q8_0' });
});

test('no folder, no more models', async () => {
  assert.deepEqual(await modelFiles('/nowhere/models'), [EMBEDDED_MODEL]);
});

test('a model is found by its name, and by nothing that leads elsewhere', async (t) => {
  const folder = await models(t);
  assert.equal((await findModel(folder, 'zeta')).path, join(folder, 'zeta.gguf'));
  assert.equal((await findModel(folder, 'zeta:latest')).path, join(folder, 'zeta.gguf'));
  for (const name of ['', '../zeta', 'zeta.gguf', 'notes', join(folder, 'zeta.gguf')]) await assert.rejects(findModel(folder, name), { code: 'model_missing' }, name);
});
