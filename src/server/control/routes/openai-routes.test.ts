/** With the clients that people use. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { embed, generateText, jsonSchema, Output, stepCountIs, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { startNanos } from '../../../../test/support/start-nanos.ts';
import { Models } from '../../../host/models.ts';
import { collect, startInferenceServer } from '../inference/test-inference-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'nanos-models-'));
const models = new Models(folder, { threadsMax: 1 });
const server = await startInferenceServer({ after }, models);
after(async () => {
  await models.close();
  rmSync(folder, { recursive: true, force: true });
});

const baseURL = `${server.url}/v1`;
const client = new OpenAI({ baseURL, apiKey: server.tokens.inference, maxRetries: 0 });
const model = 'nanos-agent';
const GOAL = 'Read the file instruction.txt, find the secret code inside it, and write ONLY the secret code to secret.txt';
const PATH = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] } as const;
const WRITE = { type: 'object', properties: { path: { type: 'string' }, content: { type: 'string' } }, required: ['path', 'content'] } as const;
const TOOLS: OpenAI.ChatCompletionTool[] = [
  { type: 'function', function: { name: 'fs_read', description: 'read a file', parameters: PATH } },
  { type: 'function', function: { name: 'fs_write', description: 'write a file', parameters: WRITE } },
];
const ANIMAL = { type: 'object', properties: { kind: { type: 'string', enum: ['cat', 'dog'] }, isTame: { type: 'boolean' } }, required: ['kind', 'isTame'], additionalProperties: false } as const;

test('openai: the list of models', async () => {
  const list = await client.models.list();
  assert.deepEqual(list.data.map(({ id, object }) => ({ id, object })), [{ id: model, object: 'model' }]);
});

test('openai: a conversation with tool calls, whole', async () => {
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: [{ type: 'text', text: GOAL }] }];
  const first = await client.chat.completions.create({ model, messages, tools: TOOLS });
  const [choice] = first.choices;
  assert.equal(choice?.finish_reason, 'tool_calls');
  assert.equal(choice.message.content, null);
  const [call] = choice.message.tool_calls ?? [];
  assert.ok(call?.type === 'function');
  assert.deepEqual([call.function.name, JSON.parse(call.function.arguments)], ['fs_read', { path: 'instruction.txt' }]);
  assert.ok(first.usage !== undefined && first.usage.total_tokens === first.usage.prompt_tokens + first.usage.completion_tokens && first.usage.completion_tokens > 5);
  const second = await client.chat.completions.create({ model, messages: [...messages, choice.message, { role: 'tool', tool_call_id: call.id, content: 'The secret code is DELTA-19.' }], tools: TOOLS });
  const [next] = second.choices[0]?.message.tool_calls ?? [];
  assert.ok(next?.type === 'function');
  assert.deepEqual(JSON.parse(next.function.arguments), { path: 'secret.txt', content: 'DELTA-19' });
});

test('openai: streamed, with usage at the end', async () => {
  const ask = { model, messages: [{ role: 'user' as const, content: GOAL }], tools: TOOLS };
  const chunks = await collect(await client.chat.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } }));
  const whole = await client.chat.completions.create(ask);
  assert.deepEqual(chunks.at(-1)?.usage, whole.usage);
  assert.equal(chunks.at(-2)?.choices[0]?.finish_reason, 'tool_calls');
  const text = await collect(await client.chat.completions.create({ model, messages: ask.messages, stream: true, temperature: 0.9, seed: 4, max_completion_tokens: 60 }));
  const joined = text.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
  assert.ok(joined.length > 0 && text.length > 3, joined);
  assert.equal(text.some(({ usage }) => usage !== undefined && usage !== null), false);
});

test('openai: JSON schema and JSON mode', async () => {
  const answer = await client.chat.completions.create({ model, messages: [{ role: 'user', content: 'a cat' }], response_format: { type: 'json_schema', json_schema: { name: 'animal', schema: ANIMAL, strict: true } } });
  assert.deepEqual(Object.keys(JSON.parse(answer.choices[0]?.message.content ?? '') as object), ['kind', 'isTame']);
  const free = await client.chat.completions.create({ model, messages: [{ role: 'user', content: 'a cat' }], response_format: { type: 'json_object' }, max_tokens: 500 });
  if (free.choices[0]?.finish_reason === 'stop') assert.equal(typeof JSON.parse(free.choices[0].message.content ?? ''), 'object');
});

test('openai: text that goes on, whole and streamed', async () => {
  const ask = { model, prompt: 'Once upon', temperature: 1, seed: 7, max_tokens: 6 };
  const whole = await client.completions.create(ask);
  const pieces = await collect(await client.completions.create({ ...ask, stream: true }));
  assert.equal(pieces.map(({ choices }) => choices[0]?.text ?? '').join(''), whole.choices[0]?.text);
});

test('openai: embeddings, in the form that the client asks for by itself, and as numbers', async () => {
  const both = await client.embeddings.create({ model, input: ['one', 'two'] });
  const plain = await client.embeddings.create({ model, input: 'two', encoding_format: 'float' });
  assert.equal(both.data[1]?.embedding.length, 160);
  for (const [index, value] of (both.data[1]?.embedding ?? []).entries()) assert.ok(Math.abs(value - (plain.data[0]?.embedding[index] ?? 9)) < 1e-6);
});

test('openai: errors are the client’s own classes', async () => {
  const messages = [{ role: 'user' as const, content: 'x' }];
  await assert.rejects(client.chat.completions.create({ model: 'gpt-9', messages }), (error) => error instanceof OpenAI.NotFoundError && error.code === 'model_missing' && error.message.includes('nanos-agent'));
  await assert.rejects(client.chat.completions.create({ model, messages: [{ role: 'user', content: 'word '.repeat(2_000) }] }), (error) => error instanceof OpenAI.BadRequestError && error.code === 'context_length_exceeded');
  await assert.rejects(client.chat.completions.create({ model, messages: [{ role: 'user', content: 'word '.repeat(2_000) }], stream: true }), OpenAI.BadRequestError);
  await assert.rejects(client.chat.completions.create({ model, messages: [] }), OpenAI.BadRequestError);
  await assert.rejects(client.chat.completions.create({ model, messages, n: 2 }), (error) => error instanceof OpenAI.BadRequestError && /only one answer/.test(error.message));
  const image = [{ type: 'image_url' as const, image_url: { url: 'data:,' } }];
  await assert.rejects(client.chat.completions.create({ model, messages: [{ role: 'user', content: image }] }), (error) => error instanceof OpenAI.BadRequestError && error.code === 'model_unsupported');
  await assert.rejects(new OpenAI({ baseURL, apiKey: 'wrong', maxRetries: 0 }).models.list(), (error) => error instanceof OpenAI.AuthenticationError && !error.message.includes('wrong'));
  await assert.rejects(new OpenAI({ baseURL, apiKey: server.tokens.read, maxRetries: 0 }).models.list(), OpenAI.PermissionDeniedError);
  assert.deepEqual(server.errors, []);
});

test('openai: a client that goes away stops the model', async () => {
  const stream = await client.chat.completions.create({ model, messages: [{ role: 'user', content: 'x' }], response_format: { type: 'json_schema', json_schema: { name: 'list', schema: { type: 'array', items: { type: 'string' } } } }, temperature: 1.5, seed: 1, stream: true });
  for await (const chunk of stream) {
    assert.equal(chunk.model, model);
    break;
  }
  // with all its sequences taken the model would not answer this many
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.completions.create({ model, prompt: 'x', max_tokens: 2 })));
  assert.equal(answers.length, 20);
});

test('ai: tools are called in a loop, with the text at the end', async () => {
  const provider = createOpenAICompatible({ name: 'nanos', baseURL, apiKey: server.tokens.inference, includeUsage: true });
  const written = new Map<string, string>();
  const { text, steps } = await generateText({
    model: provider(model),
    prompt: GOAL,
    stopWhen: stepCountIs(5),
    tools: {
      fs_read: tool({ description: 'read a file', inputSchema: jsonSchema<{ path: string }>(PATH), execute: async () => 'The secret code is OMEGA-4.' }),
      fs_write: tool({ description: 'write a file', inputSchema: jsonSchema<{ path: string; content: string }>(WRITE), execute: async ({ path, content }) => (written.set(path, content), 'ok') }),
    },
  });
  assert.deepEqual([...written], [['secret.txt', 'OMEGA-4']]);
  assert.equal(steps.length, 3);
  assert.match(text, /Wrote/);
});

test('ai: streamed text, objects and embeddings', async () => {
  const provider = createOpenAICompatible({ name: 'nanos', baseURL, apiKey: server.tokens.inference, includeUsage: true, supportsStructuredOutputs: true });
  const streamed = streamText({ model: provider(model), prompt: GOAL, maxOutputTokens: 60 });
  const pieces = await collect(streamed.textStream);
  assert.ok(pieces.length > 1);
  assert.ok(((await streamed.usage).outputTokens ?? 0) > 1);
  const { output } = await generateText({ model: provider(model), prompt: 'a cat', output: Output.object({ schema: jsonSchema<{ kind: string; isTame: boolean }>(ANIMAL) }) });
  assert.ok(['cat', 'dog'].includes(output.kind));
  const { embedding } = await embed({ model: provider.embeddingModel(model), value: 'hello' });
  assert.equal(embedding.length, 160);
});

test('a host as users start it', async (t) => {
  const nanos = await startNanos(t, { files: { 'hello/index.js': "export default { fetch: () => new Response('hi') };" } });
  const tokens = JSON.parse(readFileSync(join(nanos.dataFolder, 'tokens.json'), 'utf8')) as { inference: string };
  const host = new OpenAI({ baseURL: `${nanos.controlUrl}v1`, apiKey: tokens.inference, maxRetries: 0 });
  const answer = await host.chat.completions.create({ model, messages: [{ role: 'user', content: GOAL }], tools: TOOLS });
  assert.equal(answer.choices[0]?.finish_reason, 'tool_calls');
  await assert.rejects(new OpenAI({ baseURL: `${nanos.controlUrl}v1`, apiKey: 'none', maxRetries: 0 }).models.list(), OpenAI.AuthenticationError);
});
