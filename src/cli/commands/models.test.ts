import assert from 'node:assert/strict';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { EMBEDDED_MODEL } from '../../llm/embedded-model.ts';
import { testFolder } from '../../util/test-folder.ts';
import { modelsCommand } from './models.ts';

async function models(...argv: string[]): Promise<{ out: string; err: string }> {
  const written = { out: '', err: '' };
  const sink = (name: 'out' | 'err') => ({ write: (text: string) => (written[name] += text) });
  const nothing = (): never => assert.fail('not to be called');
  const io = { stdout: sink('out'), stderr: sink('err'), environment: {}, startHost: nothing, onStopSignal: nothing, exit: nothing };
  await modelsCommand(io).exitOverride().configureOutput({ writeOut: io.stdout.write, writeErr: io.stderr.write }).parseAsync(argv, { from: 'user' });
  return written;
}

test('the models of a data directory, with those that can not be used and why', async (t) => {
  const data = await testFolder(t);
  await mkdir(join(data, 'models'));
  await copyFile(EMBEDDED_MODEL.path, join(data, 'models', 'small.gguf'));
  await writeFile(join(data, 'models', 'broken.gguf'), 'GGUF');
  const { out } = await models('list', '--data', data);
  assert.match(out, /^NAME +PARAMETERS +TYPE +CONTEXT +SIZE +FILE\nnanos-agent +1\.8 M +Q8_0 +1024 +1\.9 MB .*\nbroken +- .*\nsmall +1\.8 M /);
  assert.match(out, /broken\.gguf is no usable GGUF model/);
  const listed = JSON.parse((await models('--data', data, '--json')).out) as { name: string; bytes?: number; error?: { code: string } }[];
  assert.deepEqual(listed.map(({ name, bytes, error }) => [name, bytes, error?.code]), [['nanos-agent', 1_896_768, undefined], ['broken', undefined, 'model_invalid'], ['small', 1_896_768, undefined]]);
});

test('without any file there is the model that comes with nanos', async (t) => {
  assert.equal((await models('--data', await testFolder(t))).out.split('\n').length, 3);
});

test('wrong usage', async () => {
  await assert.rejects(models('download'), /Allowed choices are list, install/);
});
