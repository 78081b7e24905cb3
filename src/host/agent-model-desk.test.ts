import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelRequest } from '../protocol/agent/manifest.ts';
import type { ModelAnswer } from '../protocol/agent/messages.ts';
import type { EgressPolicy } from '../protocol/app.ts';
import { NanosError } from '../protocol/errors.ts';
import type { ModelProvider } from '../protocol/model.ts';
import { ModelDesk } from './agent-model-desk.ts';

const SECRET = 'sk-lent-by-the-operator';

/** What becomes of a call by a folder's manifest: the key that a provider would be given, or the error. */
async function keyGiven(model: ModelRequest, egress: EgressPolicy): Promise<string> {
  const desk = new ModelDesk({
    // the desk's own part ends where a provider is opened
    models: { forManifest: (request, _, expand) => Promise.reject(new NanosError('model_missing', `key ${request?.apiKey === undefined ? 'none' : expand(request.apiKey)}`)) },
    egress,
    folder: undefined,
    secretNames: () => ['LENT'],
    environment: { LENT: SECRET, OTHER: 'not lent' },
  });
  const answer = await new Promise<ModelAnswer>((resolve) =>
    desk.ask({ type: 'model', kind: 'start', id: 1, tenant: 'a', model, literals: [['manifest:model.api_key', 'own']], task: { kind: 'complete', request: { input: { prompt: '' } } } }, resolve),
  );
  return answer.over?.error?.message ?? '';
}

const anywhere: EgressPolicy = { hosts: undefined, privateRanges: [] };
const lent = { template: '${LENT}' };

test('a lent secret goes to hosts that the operator names, and to no other', async () => {
  const at = (apiUrl: string): ModelRequest => ({ provider: 'openai', apiUrl, apiKey: lent });
  const named: EgressPolicy = { hosts: ['api.example.com'], privateRanges: [] };
  assert.equal(await keyGiven(at('https://api.example.com/v1'), named), `key ${SECRET}`);
  for (const [url, policy] of [['https://evil.example/v1', named], ['https://api.example.com.evil.example/v1', named], ['https://api.example.com/v1', anywhere]] as const) {
    const message = await keyGiven(at(url), policy);
    assert.match(message, /A secret of the operator goes to named hosts only/, url);
    assert.ok(!message.includes(SECRET));
  }
});

test('without a URL of its own the provider’s is meant; what is not lent is not given; a key in the manifest is its own', async () => {
  assert.equal(await keyGiven({ provider: 'openai', apiKey: lent }, anywhere), `key ${SECRET}`);
  assert.match(await keyGiven({ provider: 'openai', apiKey: { template: '${OTHER}' } }, anywhere), /Secret OTHER is not available/);
  assert.equal(await keyGiven({ provider: 'openai', apiUrl: 'https://any.example', apiKey: { template: '${manifest:model.api_key}' } }, anywhere), 'key own');
});

test('vectors come with the last word', async () => {
  const model: ModelProvider = { complete: () => assert.fail('no text was asked for'), embed: (inputs, { tenant }) => Promise.resolve({ vectors: inputs.map((input) => [input.length, tenant.length]), promptTokens: 2 }) };
  const desk = new ModelDesk({ models: { forManifest: () => Promise.resolve(model) }, egress: anywhere, folder: undefined, secretNames: () => [], environment: {} });
  const ask = { type: 'model', kind: 'start', id: 7, tenant: 'a', model: undefined, literals: [], task: { kind: 'embed', inputs: ['xyz'] } } as const;
  const answer = await new Promise<ModelAnswer>((resolve) => desk.ask(ask, resolve));
  assert.deepEqual(answer, { type: 'model', id: 7, chunks: [], embeddings: { vectors: [[3, 'agent a'.length]], promptTokens: 2 }, over: {} });
});
