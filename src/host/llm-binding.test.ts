import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { LlmBinding, LlmTask } from '../protocol/bindings/llm-binding.ts';
import type { TokenCap } from '../protocol/bindings/token-cap.ts';
import { NanosError } from '../protocol/errors.ts';
import type { CompletionChunk, CompletionRequest, ModelCall, ModelProvider, TokenUsage } from '../protocol/model.ts';
import type { AnswerChunks } from './binding-desk.ts';
import { testFolder } from '../util/test-folder.ts';
import { LlmBindings } from './llm-binding.ts';
import { TokenLedger } from './token-ledger.ts';

const cap: TokenCap = { tokensMax: 1_000, per: 'total' };
const binding: LlmBinding = { type: 'llm', model: undefined, answerTokensMax: 100 };
/** 4 tokens, by its size */
const PROMPT = 'x'.repeat(16);

interface Setting {
  readonly ledger: TokenLedger;
  readonly requests: CompletionRequest[];
  readonly tenants: string[];
  call(task: LlmTask, signal?: AbortSignal): ReturnType<LlmBindings['serve']>;
}

async function setting(context: TestContext, complete: (call: ModelCall) => AsyncIterable<CompletionChunk>): Promise<Setting> {
  const ledger = await TokenLedger.open(join(await testFolder(context, {}), 'tokens.json'));
  const requests: CompletionRequest[] = [];
  const tenants: string[] = [];
  const provider: ModelProvider = {
    complete(request, call) {
      requests.push(request);
      tenants.push(call.tenant);
      return complete(call);
    },
    embed: (inputs) => Promise.resolve({ vectors: inputs.map(() => [1]), promptTokens: 9 }),
  };
  const llm = new LlmBindings({ models: { forManifest: () => Promise.resolve(provider) }, ledger, secret: () => undefined });
  const call = (task: LlmTask, signal = new AbortController().signal) => llm.serve({ app: 'a', name: 'AI', binding, task, tokens: cap, signal });
  return { ledger, requests, tenants, call };
}

function chat(more: Partial<CompletionRequest> = {}): LlmTask {
  return { kind: 'llm', method: 'complete', request: { input: { messages: [{ role: 'user', content: PROMPT }] }, ...more } };
}

function answering(usage: TokenUsage) {
  return async function* (): AsyncGenerator<CompletionChunk, void> {
    yield { type: 'text', text: 'y'.repeat(8) };
    yield { type: 'end', finishReason: 'stop', usage };
  };
}

async function chunksOf(answer: ReturnType<LlmBindings['serve']>): Promise<AnswerChunks> {
  const served = await answer;
  assert.ok('chunks' in served);
  return served.chunks;
}

test('an answer is cut to what the binding, the call and the app’s tokens allow, and charged as counted', async (context) => {
  const { ledger, requests, tenants, call } = await setting(context, answering({ promptTokens: 20, completionTokens: 3 }));
  assert.deepEqual(await call(chat()), { value: { text: 'yyyyyyyy', toolCalls: [], usage: { promptTokens: 20, completionTokens: 3 }, stopReason: 'stop' } });
  await call(chat({ maxTokens: 7 }));
  await call(chat({ maxTokens: 700 }));
  ledger.charge('a', cap, 1_000 - 3 * 23 - 10);
  await call(chat());
  assert.deepEqual(requests.map(({ maxTokens, tokensMax }) => [maxTokens, tokensMax]), [[100, 1_000], [7, 977], [100, 954], [6, 10]]);
  assert.deepEqual(tenants, Array(4).fill('app a'));
  assert.equal(ledger.used('a', cap), 1_013);
  await assert.rejects(call(chat()), { code: 'token_limit' });
  assert.equal(requests.length, 4);
});

test('who does not count is believed nothing: what was seen is estimated', async (context) => {
  const { ledger, call } = await setting(context, answering({ promptTokens: 0, completionTokens: 0 }));
  await call(chat());
  assert.equal(ledger.used('a', cap), 4 + 2);
});

test('embeddings', async (context) => {
  const { ledger, call } = await setting(context, answering({ promptTokens: 0, completionTokens: 0 }));
  assert.deepEqual(await call({ kind: 'llm', method: 'embed', inputs: ['a', 'b'] }), { value: { vectors: [[1], [1]], promptTokens: 9 } });
  assert.equal(ledger.used('a', cap), 9);
});

test('a call that the model refused is free; one that was given up is not, and sets nothing aside any more', async (context) => {
  const refused = await setting(context, () => {
    throw new NanosError('overloaded', 'too many');
  });
  await assert.rejects(refused.call(chat()), { code: 'overloaded' });
  const late = await setting(context, async function* () {
    yield { type: 'text', text: '' };
    throw new NanosError('model_failed', 'died');
  });
  await assert.rejects(late.call(chat()), { code: 'model_failed' });
  for (const { ledger } of [refused, late]) {
    assert.equal(ledger.used('a', cap), 0);
    assert.equal(ledger.reserve('a', cap, 1_000, 1_000).tokens, 1_000);
  }
  const stop = new AbortController();
  const given = await setting(context, async function* ({ signal }) {
    yield { type: 'text', text: 'y'.repeat(40) };
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  });
  const answer = given.call(chat(), stop.signal);
  setImmediate(() => stop.abort(new NanosError('request_timeout', 'gone')));
  await assert.rejects(answer, { code: 'request_timeout' });
  assert.equal(given.ledger.used('a', cap), 4 + 10);
  assert.equal(given.ledger.reserve('a', cap, 1_000, 1).tokens, 1_000 - 14);
});

test('a stream rejects before its first chunk, and is charged once, however it ends', async (context) => {
  const failing = await setting(context, () => {
    throw new NanosError('context_overflow', 'too long');
  });
  await assert.rejects(failing.call(chat({ stream: true })), { code: 'context_overflow' });
  const { ledger, call } = await setting(context, answering({ promptTokens: 20, completionTokens: 3 }));
  const read = await chunksOf(call(chat({ stream: true })));
  assert.deepEqual([((await read.read()) as CompletionChunk).type, ((await read.read()) as CompletionChunk).type, await read.read()], ['text', 'end', null]);
  read.close();
  assert.equal(ledger.used('a', cap), 23);
  const left = await chunksOf(call(chat({ stream: true })));
  left.close();
  left.close();
  assert.equal(ledger.used('a', cap), 23 + 6);
  assert.equal(ledger.reserve('a', cap, 1_000, 1).tokens, 1_000 - 29);
});
