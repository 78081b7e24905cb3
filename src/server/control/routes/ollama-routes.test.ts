/** With Ollama's own client. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Ollama, type Message, type Tool } from 'ollama';
import { Models } from '../../../host/models.ts';
import { collect, startInferenceServer } from '../inference/test-inference-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'nanos-models-'));
const models = new Models(folder, { threadsMax: 1 });
const server = await startInferenceServer({ after }, models);
after(async () => {
  await models.close();
  rmSync(folder, { recursive: true, force: true });
});

const client = new Ollama({ host: server.url, headers: { authorization: `Bearer ${server.tokens.inference}` } });
const model = 'nanos-agent';
const GOAL = 'Read the file instruction.txt, find the secret code inside it, and write ONLY the secret code to secret.txt';
const string = { type: 'string' };
const TOOLS: Tool[] = [
  { type: 'function', function: { name: 'fs_read', description: 'read a file', parameters: { type: 'object', properties: { path: string } } } },
  { type: 'function', function: { name: 'fs_write', description: 'write a file', parameters: { type: 'object', properties: { path: string, content: string } } } },
];

test('the list of models and the version', async () => {
  const { models: listed } = await client.list();
  assert.deepEqual(listed.map(({ name, size, details }) => [name, size, details.family, details.quantization_level]), [[model, 1_896_768, 'llama', 'Q8_0']]);
  assert.match((await client.version()).version, /^\d+\.\d+\.\d+$/);
});

test('a conversation with tool calls, whole and streamed', async () => {
  const messages: Message[] = [{ role: 'user', content: GOAL }];
  const first = await client.chat({ model, messages, tools: TOOLS });
  assert.deepEqual(first.message.tool_calls, [{ function: { name: 'fs_read', arguments: { path: 'instruction.txt' } } }]);
  assert.ok(first.done && first.prompt_eval_count > 50 && first.eval_count > 5 && first.total_duration > 0);
  messages.push(first.message, { role: 'tool', content: 'The secret code is KAPPA-3.', tool_name: 'fs_read' });
  const parts = await collect(await client.chat({ model, messages, tools: TOOLS, stream: true }));
  assert.deepEqual(parts.flatMap(({ message }) => message.tool_calls ?? []), [{ function: { name: 'fs_write', arguments: { path: 'secret.txt', content: 'KAPPA-3' } } }]);
  assert.deepEqual(parts.map(({ done }) => done), [...parts.slice(1).map(() => false), true]);
  messages.push({ role: 'assistant', content: '', tool_calls: [{ function: { name: 'fs_write', arguments: { path: 'secret.txt', content: 'KAPPA-3' } } }] }, { role: 'tool', content: 'ok', tool_name: 'fs_write' });
  assert.match((await client.chat({ model, messages, tools: TOOLS })).message.content, /Wrote/);
});

test('a schema, and any JSON', async () => {
  const format = { type: 'object', properties: { kind: { enum: ['cat', 'dog'] } } };
  const { message } = await client.chat({ model, messages: [{ role: 'user', content: 'a cat' }], format });
  assert.ok(['cat', 'dog'].includes((JSON.parse(message.content) as { kind: string }).kind));
  const { response } = await client.generate({ model, prompt: 'a cat', format: 'json', options: { num_predict: 10 } });
  assert.match(response ?? '', /^\{/);
});

test('text that goes on, whole and streamed', async () => {
  const ask = { model, prompt: 'Once upon', raw: true, options: { temperature: 1, seed: 7, num_predict: 6, top_k: 20, top_p: 0.9 } };
  const whole = await client.generate(ask);
  const pieces = await collect(await client.generate({ ...ask, stream: true }));
  assert.equal(pieces.map(({ response }) => response).join(''), whole.response);
  assert.equal((await client.generate({ model, prompt: '' })).done_reason, 'load');
});

test('embeddings', async () => {
  const { embeddings } = await client.embed({ model, input: ['one', 'two'] });
  assert.deepEqual(embeddings.map(({ length }) => length), [160, 160]);
});

test('errors are words that the client shows', async () => {
  await assert.rejects(client.chat({ model: 'llama9', messages: [{ role: 'user', content: 'x' }] }), (error: Error) => error.name === 'ResponseError' && /There is no model "llama9"/.test(error.message));
  await assert.rejects(client.chat({ model, messages: [{ role: 'user', content: 'word '.repeat(2_000) }], stream: true }), /too many/);
  await assert.rejects(client.generate({ model, prompt: 'x', suffix: 'y' }), /filled in/);
  await assert.rejects(new Ollama({ host: server.url }).list(), /Send a token of the host/);
  assert.deepEqual(server.errors, []);
});

test('a client that aborts stops the model', async () => {
  const stream = await client.chat({ model, messages: [{ role: 'user', content: 'x' }], format: { type: 'array', items: string }, options: { temperature: 1.5, seed: 1 }, stream: true });
  await assert.rejects(async () => {
    for await (const part of stream) {
      assert.equal(part.model, model);
      stream.abort();
    }
  }, { name: 'AbortError' });
  assert.equal((await client.generate({ model, prompt: 'x', raw: true, options: { num_predict: 2 } })).done, true);
});
