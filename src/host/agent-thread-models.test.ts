import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelAsk } from '../protocol/agent/messages.ts';
import type { CompletionChunk, ModelCall, ModelProvider } from '../protocol/model.ts';
import { ThreadModels } from './agent-thread-models.ts';

const MODEL = { provider: 'ollama', modelName: 'm' } as const;
const END: CompletionChunk = { type: 'end', finishReason: 'stop', usage: { promptTokens: 1, completionTokens: 2 } };

async function open(): Promise<{ models: ThreadModels; told: ModelAsk[]; provider: ModelProvider }> {
  const told: ModelAsk[] = [];
  const models = new ThreadModels((ask) => told.push(ask));
  return { models, told, provider: await models.forRun(new Map([['manifest:model.api_key', 'own']]))(MODEL) };
}

function call(signal = new AbortController().signal): ModelCall {
  return { tenant: 'a', signal };
}

test('chunks and vectors come back to the call that they belong to', async () => {
  const { models, told, provider } = await open();
  const text = provider.complete({ input: { prompt: 'p' } }, call());
  const first = text[Symbol.asyncIterator]().next();
  const vectors = provider.embed(['x'], call());
  assert.deepEqual(told.map((ask) => (ask.kind === 'start' ? [ask.id, ask.task.kind, ask.literals] : ask.kind)), [[1, 'complete', [['manifest:model.api_key', 'own']]], [2, 'embed', [['manifest:model.api_key', 'own']]]]);
  models.receive({ type: 'model', id: 2, chunks: [], embeddings: { vectors: [[1, 2]], promptTokens: 3 }, over: {} });
  models.receive({ type: 'model', id: 1, chunks: [END], over: {} });
  assert.deepEqual([(await first).value, await vectors], [END, { vectors: [[1, 2]], promptTokens: 3 }]);
  assert.equal(told.length, 2);
});

test('an error comes with its code, and an abort stops the call where it runs', async () => {
  const { models, told, provider } = await open();
  const refused = provider.embed(['x'], call());
  models.receive({ type: 'model', id: 1, chunks: [], over: { error: { code: 'model_unreachable', message: 'nobody' } } });
  await assert.rejects(refused, { code: 'model_unreachable', message: 'nobody' });
  const stop = new AbortController();
  const reading = provider.complete({ input: { prompt: 'p' } }, call(stop.signal))[Symbol.asyncIterator]().next();
  stop.abort(new Error('enough'));
  await assert.rejects(reading, /enough/);
  assert.deepEqual(told.at(-1), { type: 'model', kind: 'stop', id: 2 });
  // what was under way then is nobody's
  models.receive({ type: 'model', id: 2, chunks: [END], over: {} });
  await assert.rejects(provider.embed(['x'], call(stop.signal)), /enough/);
  assert.equal(told.length, 3);
});
