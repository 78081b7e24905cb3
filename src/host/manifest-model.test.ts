/** Every provider, against this host's own endpoints where it speaks HTTP. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { EMBEDDED_MODEL } from '../llm/embedded-model.ts';
import { createEgress } from '../net/egress/egress.ts';
import type { ModelRequest } from '../protocol/agent/manifest.ts';
import type { CompletionChunk, CompletionRequest, ModelCall, ModelProvider, ModelTool } from '../protocol/model.ts';
import { startInferenceServer } from '../server/control/inference/test-inference-server.ts';
import { manifestModel } from './manifest-model.ts';
import { modelHttp } from './model-http.ts';
import { Models } from './models.ts';

const folder = mkdtempSync(join(tmpdir(), 'nanos-models-'));
mkdirSync(join(folder, 'models'));
copyFileSync(EMBEDDED_MODEL.path, join(folder, 'models', 'copy.gguf'));
const models = new Models(folder, { threadsMax: 1 });
const server = await startInferenceServer({ after }, models);
const egress = createEgress();
after(async () => {
  egress.close();
  await models.close();
  rmSync(folder, { recursive: true, force: true });
});

const LOOPBACK = { hosts: undefined, privateRanges: ['127.0.0.0/8'] };
const http = modelHttp(egress, LOOPBACK);
const CALL: ModelCall = { tenant: 'test', signal: new AbortController().signal };
const TOKEN = server.tokens.inference;

function provider(request: Partial<ModelRequest> & Pick<ModelRequest, 'provider'>, key: string = TOKEN): Promise<ModelProvider> {
  return models.forManifest({ modelName: 'nanos-agent', apiKey: { template: '${KEY}' }, ...request }, LOOPBACK, () => key);
}

function overHttp(name: 'ollama' | 'openai', url = server.url, key = TOKEN): Promise<ModelProvider> {
  return provider({ provider: name, apiUrl: name === 'openai' ? `${url}/v1/` : url }, key);
}

function tool(name: string, ...parameters: string[]): ModelTool {
  return { name, description: name.replace('_', ' '), parameters: { type: 'object', properties: Object.fromEntries(parameters.map((parameter) => [parameter, { type: 'string' }])) } };
}

const GOAL = 'Read the file instruction.txt, find the secret code inside it, and write ONLY the secret code to secret.txt';
const TOOLS = [tool('fs_read', 'path'), tool('fs_write', 'path', 'content')];

async function ask(model: ModelProvider, request: CompletionRequest, call = CALL): Promise<{ text: string; calls: unknown[]; end: Extract<CompletionChunk, { type: 'end' }>; pieces: number }> {
  let text = '';
  let pieces = 0;
  const calls: unknown[] = [];
  for await (const chunk of model.complete(request, call)) {
    if (chunk.type === 'end') return { text, calls, end: chunk, pieces };
    if (chunk.type === 'tool_call') calls.push({ name: chunk.call.name, arguments: chunk.call.arguments });
    else {
      text += chunk.text;
      pieces++;
    }
  }
  return assert.fail('there was no end');
}

for (const name of ['openai', 'ollama'] as const) {
  test(`${name}: says what the local provider says`, async () => {
    const remote = await overHttp(name);
    const local = models.file(undefined);
    const user = { role: 'user', content: GOAL } as const;
    const call = { role: 'assistant', content: '', toolCalls: [{ id: 'call_a', name: 'fs_read', arguments: { path: 'instruction.txt' } }] } as const;
    const requests: readonly CompletionRequest[] = [
      { input: { messages: [user] }, tools: TOOLS },
      { input: { messages: [user, call, { role: 'tool', content: 'The secret code is SIGMA-8.', toolCallId: 'call_a' }] }, tools: TOOLS },
      { input: { messages: [user] }, schema: { type: 'object', properties: { kind: { enum: ['cat', 'dog'] } } } },
      { input: { messages: [user] }, schema: true, maxTokens: 7 },
      { input: { messages: [{ role: 'system', content: 'Be brief' }, user] }, tools: TOOLS, toolChoice: 'none', temperature: 0.8, topP: 0.9, seed: 3, maxTokens: 20 },
      { input: { prompt: 'Once upon' }, temperature: 1, seed: 7, maxTokens: 8, stop: ['q'] },
    ];
    for (const request of requests) {
      for (const stream of [false, true]) {
        const [got, expected] = [await ask(remote, { ...request, stream }), await ask(local, { ...request, stream })];
        assert.deepEqual({ ...got, pieces: 0 }, { ...expected, pieces: 0 }, JSON.stringify(request));
        if (expected.pieces > 4 && stream) assert.ok(got.pieces > 1);
      }
    }
    const [far, near] = [await remote.embed(['a', 'b'], CALL), await local.embed(['a', 'b'], CALL)];
    assert.deepEqual(far, near);
  });

  test(`${name}: an abort reaches the server`, async () => {
    const remote = await overHttp(name);
    const stop = new AbortController();
    await assert.rejects(async () => {
      for await (const chunk of remote.complete({ input: { prompt: 'x' }, temperature: 1.5, seed: 1, stream: true, maxTokens: 900 }, { ...CALL, signal: stop.signal })) {
        assert.equal(chunk.type, 'text');
        stop.abort(new Error('enough'));
      }
    }, /enough/);
  });

  test(`${name}: what can go wrong has a code, and a key stands in no message`, async (t) => {
    const secret = 'sk-very-secret-key';
    const request: CompletionRequest = { input: { messages: [{ role: 'user', content: 'x' }] } };
    await assert.rejects(ask(await overHttp(name, server.url, secret), request), { code: 'model_key_refused', message: /Check api_key/ });
    await assert.rejects(ask(await provider({ provider: name, modelName: 'none', apiUrl: name === 'openai' ? `${server.url}/v1` : server.url }), request), { code: 'model_missing' });
    await assert.rejects(ask(await overHttp(name), { input: { messages: [{ role: 'user', content: 'word '.repeat(2_000) }] } }), { code: 'context_overflow' });
    await assert.rejects(ask(await overHttp(name, await nobody()), request), { code: 'model_unreachable' });
    const answers: readonly (readonly [string, RegExp, (response: ServerResponse) => void])[] = [
      ['overloaded', /429/, (response) => response.writeHead(429, { 'retry-after': '7' }).end('{"error":"slow down"}')],
      ['model_failed', /status 500.*\[secret\]/, (response) => response.writeHead(500).end(`{"error":"the key ${secret} broke it"}`)],
      ['model_failed', /no JSON/, (response) => response.writeHead(200).end('<html>')],
      ['model_failed', /does not answer as/, (response) => response.writeHead(200).end('{"choices":7,"message":7}')],
      ['model_unreachable', /can not be reached/, (response) => response.writeHead(302, { location: 'http://example.com/' }).end()],
      ['model_failed', /broke the answer off|no JSON|can not be reached/, (response) => response.writeHead(200).end(name === 'openai' ? '{"choices":[]}' : '{"message":{"content":"a"}}\n')],
    ];
    for (const [code, message, answer] of answers) {
      const url = await oneAnswer(t, answer);
      await assert.rejects(ask(await overHttp(name, url, secret), request), (error: Error) => 'code' in error && error.code === code && message.test(error.message) && !error.message.includes(secret), message.source);
    }
  });
}

/** A port that nobody listens on. */
async function nobody(): Promise<string> {
  const closed = createServer();
  closed.listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  await new Promise((done) => closed.close(done));
  return `http://127.0.0.1:${port}`;
}

async function oneAnswer(t: TestContext, answer: (response: ServerResponse) => void): Promise<string> {
  const stranger = createServer((request, response) => void request.resume().on('end', () => answer(response)));
  stranger.listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  t.after(() => {
    stranger.closeAllConnections();
    stranger.close();
  });
  return `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
}

test('a server that never ends its answer', async (t) => {
  const url = await oneAnswer(t, (response) => response.writeHead(200).flushHeaders());
  const { ollamaProvider } = await import('../llm/ollama/ollama-provider.ts');
  await assert.rejects(ask(ollamaProvider({ http, url, model: 'x', callMsMax: 50 }), { input: { prompt: 'x' } }), { code: 'model_timeout' });
});

test('no manifest entry, a name, a file', async () => {
  const request: CompletionRequest = { input: { prompt: 'Once' }, maxTokens: 3 };
  const parts = { models, http, expand: () => assert.fail('no key is needed') };
  const expected = await ask(await manifestModel(undefined, parts), request);
  assert.deepEqual(await ask(await manifestModel({ provider: 'local', modelName: 'copy' }, parts), request), expected);
  assert.deepEqual(await ask(await manifestModel({ provider: 'local', path: EMBEDDED_MODEL.path, contextWindow: 256 }, parts), request), expected);
  await assert.rejects(manifestModel({ provider: 'local', modelName: 'none' }, parts), { code: 'model_missing' });
  await assert.rejects(manifestModel({ provider: 'ollama' }, parts), { code: 'config_invalid', message: /model_name/ });
  await assert.rejects(manifestModel({ provider: 'openai', modelName: 'x', apiUrl: 'file:///x' }, parts), { code: 'config_invalid' });
});

test('a way out that the policy does not give is refused', async () => {
  const closed = modelHttp(egress, { hosts: undefined, privateRanges: [] });
  const model = await manifestModel({ provider: 'ollama', modelName: 'x', apiUrl: server.url }, { models, http: closed, expand: () => '' });
  await assert.rejects(ask(model, { input: { prompt: 'x' } }), { code: 'egress_denied' });
});
