import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { EMBEDDED_MODEL } from '../llm/embedded-model.ts';
import type { CompletionRequest, ModelCall, ModelProvider } from '../protocol/model.ts';
import { ModelProcess, type ModelProcessOptions } from './model-process.ts';

const CALL: ModelCall = { tenant: 'test', signal: new AbortController().signal };
const LONG: CompletionRequest = { input: { prompt: 'Once' }, temperature: 1, seed: 5, stream: true };

function start(t: TestContext, options: ModelProcessOptions = {}): { models: ModelProcess; provider: ModelProvider } {
  const models = new ModelProcess({ threadsMax: 1, ...options });
  t.after(() => models.close());
  return { models, provider: models.provider(EMBEDDED_MODEL) };
}

async function text(provider: ModelProvider, request: CompletionRequest, call = CALL): Promise<string> {
  let whole = '';
  for await (const chunk of provider.complete(request, call)) if (chunk.type === 'text') whole += chunk.text;
  return whole;
}

/** An engine whose loader does what `body` says. */
function brokenEngine(t: TestContext, body: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'nanos-engine-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const at = join(folder, 'node_modules', 'node-llama-cpp', 'dist');
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, '..', 'package.json'), '{"type":"module"}');
  writeFileSync(join(at, 'index.js'), `export const getLlama = async () => ({ loadModel: async () => { ${body} } });`);
  return folder;
}

test('no process before the first call; then one for all', async (t) => {
  const { models, provider } = start(t);
  assert.equal(models.pid, undefined);
  const [first, second] = await Promise.all([text(provider, { ...LONG, maxTokens: 5 }), text(provider, { ...LONG, maxTokens: 5, stream: false })]);
  assert.equal(first, second);
  assert.notEqual(models.pid, undefined);
  const { vectors } = await provider.embed(['a'], CALL);
  assert.equal(vectors[0]?.length, 160);
});

test('errors cross with their codes', async (t) => {
  const { models, provider } = start(t);
  await assert.rejects(text(provider, { input: { prompt: 'word '.repeat(2_000) } }), { name: 'NanosError', code: 'context_overflow' });
  await assert.rejects(text(models.provider({ path: '/nowhere/model.gguf' }), LONG), { code: 'model_missing' });
});

test('an abort and a time limit end a call, and the process serves on', async (t) => {
  const { models, provider } = start(t);
  const stop = new AbortController();
  await assert.rejects(async () => {
    for await (const chunk of provider.complete(LONG, { ...CALL, signal: stop.signal })) {
      assert.equal(chunk.type, 'text');
      stop.abort(new Error('enough'));
    }
  }, /enough/);
  await assert.rejects(text(provider, LONG, { ...CALL, signal: stop.signal }), /enough/);
  const { pid } = models;
  assert.notEqual(await text(provider, { ...LONG, maxTokens: 3 }), '');
  assert.equal(models.pid, pid);
  const hurried = start(t, { callMsMax: 1 });
  await assert.rejects(text(hurried.provider, LONG), { code: 'model_timeout' });
});

test('a process that dies takes its calls with it, and is replaced', async (t) => {
  const { models, provider } = start(t);
  await assert.rejects(async () => {
    for await (const chunk of provider.complete(LONG, CALL)) {
      assert.equal(chunk.type, 'text');
      process.kill(models.pid!, 'SIGKILL');
    }
  }, { code: 'model_failed', message: /SIGKILL/ });
  assert.notEqual(await text(provider, { ...LONG, maxTokens: 3 }), '');
});

test('a file that kills the process is an error to its callers, and is not tried again until it changes', async (t) => {
  const engineFolder = brokenEngine(t, 'process.abort();');
  const { models } = start(t, { engineFolder });
  const path = join(engineFolder, 'model.gguf');
  writeFileSync(path, readFileSync(EMBEDDED_MODEL.path));
  const provider = models.provider({ path });
  await assert.rejects(text(provider, LONG), { code: 'model_invalid', message: /died/ });
  await assert.rejects(text(provider, LONG), { code: 'model_invalid', message: /before/ });
  assert.equal(models.pid, undefined);
  writeFileSync(path, Buffer.concat([readFileSync(EMBEDDED_MODEL.path), Buffer.alloc(32)]));
  await assert.rejects(text(provider, LONG), { code: 'model_invalid', message: /died/ });
});

test('it ends when it is idle, and when it is closed', async (t) => {
  const { models, provider } = start(t, { idleMsMax: 1 });
  assert.notEqual(await text(provider, { ...LONG, maxTokens: 3 }), '');
  while (models.pid !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  const running = text(provider, LONG);
  await Promise.all([assert.rejects(running, { code: 'model_failed' }), new Promise(setImmediate).then(() => models.close())]);
  await assert.rejects(text(provider, LONG), { code: 'model_failed' });
});

test('a machine without the engine says how to get it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nanos-engine-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { provider } = start(t, { engineFolder: folder });
  await assert.rejects(text(provider, LONG), { code: 'model_engine_missing', message: /nanos models install/ });
});

test('a program that has nothing else to do ends, and the process with it', async () => {
  const program = `
    import { Models } from ${JSON.stringify(new URL('models.ts', import.meta.url).href)};
    const model = await new Models('nowhere', { threadsMax: 1 }).open('nanos-agent');
    const call = { tenant: 'test', signal: new AbortController().signal };
    for await (const chunk of model.complete({ input: { prompt: 'Once' }, maxTokens: 2 }, call)) process.stdout.write(chunk.type + ' ');
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program]);
  assert.match(stdout, /end $/);
});
