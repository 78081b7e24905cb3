/** What agents remember with real embeddings, on every provider, and what they share in a host. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it, type TestContext } from 'node:test';
import { readManifest } from '../../src/agents/manifest/read-manifest.ts';
import { createHandlers } from '../../src/agents/run/handlers.ts';
import { startRun } from '../../src/agents/run/start-run.ts';
import { compileTestAgent } from '../../src/agents/run/test-agent.ts';
import { testEnvironment, testFolder } from '../../src/agents/run/test-environment.ts';
import { Models } from '../../src/host/models.ts';
import { EMBEDDED_MODEL } from '../../src/llm/embedded-model.ts';
import type { RunDetail } from '../../src/protocol/agent/control.ts';
import { startInferenceServer } from '../../src/server/control/inference/test-inference-server.ts';
import { startNanos, temporaryFolder } from '../support/start-nanos.ts';
import { engineMissing } from '../support/engine-missing.ts';

/** `STORE text` keeps it, `FIND query` tells what fits best, `EMBED text` how many numbers its vector has. */
const AGENT = await compileTestAgent(`
  const said = [];
  for (const line of (await agent.getGoal()).split('\\n')) {
    const [, verb, text] = /^(\\w+) (.*)$/u.exec(line);
    if (verb === 'STORE') await sdk.memory.store(text, text);
    else if (verb === 'FIND') said.push((await sdk.memory.recall({ query: text })) ?? 'nothing');
    else said.push((await sdk.llm.embed([text]))[0].length);
  }
  await agent.done(said.join('; '));
`, "import * as sdk from 'nanos/agent';");

describe('memory with embeddings', { skip: engineMissing() }, () => {
  const home = testFolder({ after } as TestContext);
  mkdirSync(join(home.dataDir, 'models'), { recursive: true });
  copyFileSync(EMBEDDED_MODEL.path, join(home.dataDir, 'models', 'small.gguf'));
  const models = new Models(home.dataDir, { threadsMax: 1 });
  after(() => models.close());

  async function run(t: TestContext, goal: string, model: string, key: string): Promise<{ message: string; tokens: number; vectors: readonly unknown[]; lines: readonly string[] }> {
    const own = testFolder(t);
    writeFileSync(join(own.folder, 'agent.wasm'), AGENT);
    writeFileSync(join(own.folder, 'agent.nano'), `name: memory\nbinary: agent.wasm\ngoal: ${JSON.stringify(goal)}\nmodel: ${model}\npermissions: {}\n`);
    const handlers = createHandlers({
      openEgress: () => Promise.reject(new Error('no network')),
      openModel: (request) => models.forManifest(request, { hosts: undefined, privateRanges: ['127.0.0.0/8'] }, () => key),
      dataDir: own.dataDir,
    });
    const environment = testEnvironment(own, { handlers });
    const { result } = await startRun((await readManifest(join(own.folder, 'agent.nano'))).manifest, environment);
    const { message, tokens } = await result;
    return { message, tokens, vectors: vectorsIn(join(own.dataDir, 'memory')), lines: environment.lines };
  }

  for (const provider of ['local', 'local by embedding_model', 'ollama', 'openai'] as const) {
    it(`${provider}: a text without a word of the query is found by its vector`, async (t) => {
      const server = await startInferenceServer(t, models);
      const at = { local: '', 'local by embedding_model': '', ollama: `, api_url: "${server.url}", api_key: "\${KEY}"`, openai: `, api_url: "${server.url}/v1", api_key: "\${KEY}"` }[provider];
      const named = provider === 'local by embedding_model' ? 'provider: local, embedding_model: small' : `provider: ${provider}, model_name: small`;
      const { message, tokens, vectors, lines } = await run(t, 'STORE blue heron\nFIND xyz\nFIND heron\nEMBED a', `{ ${named}${at} }`, server.tokens.inference);
      assert.deepEqual([message, lines], ['blue heron; blue heron; 160', []]);
      assert.deepEqual(vectors.map((row) => Object.entries(row as object).flat()), [['dimensions', 160, 'bytes', 160]]);
      assert.ok(tokens > 4);
    });
  }

  it('a server that has no such model leaves it to the words', async (t) => {
    const server = await startInferenceServer(t, models);
    const { message, vectors, lines } = await run(t, 'STORE blue heron\nFIND xyz\nFIND heron', `{ provider: openai, model_name: gone, api_url: "${server.url}/v1", api_key: "\${KEY}" }`, server.tokens.inference);
    assert.deepEqual([message, vectors, lines.length], ['nothing; blue heron', [], 1]);
    assert.match(lines[0] ?? '', /^warn: memory: no embeddings, so texts are found by their words: .*gone/u);
  });
});

function vectorsIn(folder: string): readonly unknown[] {
  const file = readdirSync(folder).find((name) => name.endsWith('.sqlite'));
  const database = new DatabaseSync(join(folder, file ?? ''), { readOnly: true });
  try {
    return database.prepare('SELECT dimensions, length(vector) AS bytes FROM memory_vector').all();
  } finally {
    database.close();
  }
}

describe('shared memory in a host', () => {
  it('is shared by the agents that name it, as far as the operator does', async (t) => {
    const root = await temporaryFolder(t);
    const agents = join(root, 'agents');
    mkdirSync(agents);
    writeFileSync(join(agents, 'agent.wasm'), AGENT);
    for (const [name, memory] of Object.entries({ writer: 'team', reader: 'team', other: 'others', stranger: undefined })) {
      writeFileSync(join(agents, `${name}.nano`), `name: ${name}\nbinary: agent.wasm\ngoal: FIND heron\npermissions: {}\n${memory === undefined ? '' : `shared_memory: ${memory}\n`}`);
    }
    const config = join(root, 'nanos.yaml');
    writeFileSync(config, `agents: { folder: ${JSON.stringify(agents)}, shared_memories: [team] }\n`);
    const host = await startNanos(t, { root, files: { 'hello/index.js': `export default { fetch: () => new Response('hello') };` }, args: ['--config', config] });
    const run = async (manifest: string, goal: string): Promise<string> => {
      const answer = await host.control('/v1/run', 'admin', { method: 'POST', body: JSON.stringify({ manifest, goal }) });
      assert.equal(answer.status, 202, answer.text);
      const { id } = JSON.parse(answer.text) as RunDetail;
      const { status, message } = JSON.parse((await host.control(`/v1/runs/${id}?wait=60`, 'admin')).text) as RunDetail;
      return `${status} ${message}`;
    };
    assert.equal(await run('writer.nano', 'STORE blue heron'), 'done ');
    assert.equal(await run('reader.nano', 'FIND heron'), 'done blue heron');
    assert.equal(await run('other.nano', 'STORE grey heron'), 'done ');
    assert.equal(await run('reader.nano', 'FIND grey'), 'done nothing');
    assert.equal(await run('other.nano', 'FIND heron'), 'done grey heron');
    assert.equal(await run('stranger.nano', 'FIND heron'), 'done nothing');
    await host.waitForLog(({ event, message }) => event === 'agent_cut' && message?.includes('shared_memory others is left out') === true);
  });
});
