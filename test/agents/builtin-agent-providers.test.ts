/** The built-in agent on every provider: over HTTP against this host's own endpoints, and with chat templates of other models. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { readManifest } from '../../src/agents/manifest/read-manifest.ts';
import type { RunResult } from '../../src/agents/run/agent-run.ts';
import { createHandlers } from '../../src/agents/run/handlers.ts';
import { recordedModule } from '../../src/agents/run/recorded-module.ts';
import { replayRun } from '../../src/agents/run/replay-run.ts';
import { startRun } from '../../src/agents/run/start-run.ts';
import { testEnvironment, testFolder, type TestFolder } from '../../src/agents/run/test-environment.ts';
import { Models } from '../../src/host/models.ts';
import { EMBEDDED_MODEL } from '../../src/llm/embedded-model.ts';
import { JournalReader } from '../../src/recording/journal-reader.ts';
import { startInferenceServer } from '../../src/server/control/inference/test-inference-server.ts';
import { engineMissing } from '../support/engine-missing.ts';

const GOAL = 'Read the file instruction.txt, find the secret code inside it, and write ONLY the secret code into a new file called secret.txt. Then call done.';

const INSTRUCTION = 'Welcome to the mission. The secret code is OAK-12. Do not share it with anyone.';

/** Of other families of models, short enough to stand in the place of the embedded model's. */
const TEMPLATES = {
  alpaca: "{% for m in messages %}### {{ m['role'] }}:\n{{ m['content'] }}\n\n{% endfor %}{% if add_generation_prompt %}### assistant:\n{% endif %}",
  inst: "{% for m in messages %}{% if m['role']=='assistant' %}{{ m['content'] }}{% else %}[INST] {{ m['content'] }} [/INST]{% endif %}{% endfor %}",
};

/** The embedded model's weights under another name, so that the template in the file is all that is known of how to speak to it. */
function withTemplate(template: string): Buffer {
  const file = readFileSync(EMBEDDED_MODEL.path);
  file.write('other-agent', file.indexOf('nanos-agent'));
  const key = 'tokenizer.chat_template';
  // the key, the type of its value (4 bytes), the value's length (8 bytes), the value
  const lengthAt = file.indexOf(key) + key.length + 4;
  const length = Number(file.readBigUInt64LE(lengthAt));
  // space in a tag is none in a text
  const filled = template.replace('{% endfor', `{% ${' '.repeat(length - Buffer.byteLength(template))}endfor`);
  assert.equal(file.write(filled, lengthAt + 8), length);
  return file;
}

describe('the built-in agent on other providers', { skip: engineMissing() }, () => {
  const home = testFolder({ after } as TestContext);
  const models = new Models(home.dataDir, { threadsMax: 1 });
  after(() => models.close());

  async function run(own: TestFolder, model: string, key = ''): Promise<{ result: RunResult; file: string; lines: readonly string[] }> {
    writeFileSync(join(own.folder, 'agent.nano'), `name: secret\ngoal: ${GOAL}\nmodel: ${model}\npermissions: { fs_read: [instruction.txt], fs_write: [secret.txt] }\ntools: [fs_read, fs_write]\n`);
    writeFileSync(join(own.folder, 'instruction.txt'), INSTRUCTION);
    const handlers = createHandlers({
      openEgress: () => Promise.reject(new Error('no network')),
      openModel: (request) => models.forManifest(request, { hosts: undefined, privateRanges: ['127.0.0.0/8'] }, () => key),
      dataDir: home.dataDir,
    });
    const environment = testEnvironment({ ...own, dataDir: home.dataDir }, { handlers });
    const { file, result } = await startRun((await readManifest(join(own.folder, 'agent.nano'))).manifest, environment);
    return { result: await result, file, lines: environment.lines };
  }

  for (const provider of ['ollama', 'openai'] as const) {
    it(`${provider}: finds the secret, over real HTTP, and is replayed without a server`, async (t) => {
      const server = await startInferenceServer(t, models);
      const url = provider === 'openai' ? `${server.url}/v1` : server.url;
      const own = testFolder(t);
      const { result, file, lines } = await run(own, `{ provider: ${provider}, model_name: nanos-agent, api_url: "${url}", api_key: "\${KEY}" }`, server.tokens.inference);
      assert.deepEqual([result.end, result.message], ['done', 'Wrote the secret code to secret.txt.'], lines.join('\n'));
      assert.equal(readFileSync(join(own.folder, 'secret.txt'), 'utf8'), 'OAK-12');
      assert.ok(result.tokens > 100);
      const reader = JournalReader.open(file);
      t.after(() => reader.close());
      assert.equal((await replayRun(reader, await recordedModule(reader, home.dataDir))).message, result.message);
    });

    it(`${provider}: says what is wrong with the server, and never the key`, async (t) => {
      const server = await startInferenceServer(t, models);
      const url = provider === 'openai' ? `${server.url}/v1` : server.url;
      const own = testFolder(t);
      const { result } = await run(own, `{ provider: ${provider}, model_name: nanos-agent, api_url: "${url}", api_key: "\${KEY}" }`, 'sk-a-wrong-key');
      assert.equal(result.end, 'agent_threw');
      assert.match(result.message, /GoalNotReached: .*Check api_key/u);
      assert.ok(!result.message.includes('sk-a-wrong-key'));
      assert.ok(!existsSync(join(own.folder, 'secret.txt')));
    });
  }

  it('a model that knows another template ends with what it got to, and does no harm', async (t) => {
    const own = testFolder(t);
    for (const [name, template] of Object.entries(TEMPLATES)) {
      const path = join(own.folder, `${name}.gguf`);
      writeFileSync(path, withTemplate(template));
      const { result, lines } = await run(own, `{ provider: local, path: "${path}" }`);
      t.diagnostic(`${name}: ${result.end}: ${result.message}`);
      assert.ok(['done', 'agent_threw', 'step_limit'].includes(result.end), `${result.end} ${lines.join('\n')}`);
      assert.notEqual(result.message, '');
      if (result.end === 'agent_threw') assert.match(result.message, /GoalNotReached: (?:The model's answer was cut off .*, after |The model goes round in circles: it called )/u);
      assert.equal(readFileSync(join(own.folder, 'instruction.txt'), 'utf8'), INSTRUCTION);
    }
  });
});
