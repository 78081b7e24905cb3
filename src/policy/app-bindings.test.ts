import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BindingRequest } from '../protocol/bindings/binding-kinds.ts';
import { operatorFileSchema, type OperatorPolicy } from '../protocol/operator.ts';
import { bindingFaces, deniedBindings, effectiveBindings, tokenCapOf } from './app-bindings.ts';

function operator(file: unknown): OperatorPolicy {
  return operatorFileSchema.parse(file);
}

function bindingsOf(bindings: Readonly<Record<string, BindingRequest>>, granted: unknown): ReturnType<typeof effectiveBindings> {
  return effectiveBindings({ name: 'a', bindings }, operator({ tenants: { a: { bindings: granted } } }));
}

test('what only one side names', () => {
  assert.deepEqual(bindingsOf({}, {}), {});
  const asked = bindingsOf({ AI: { type: 'llm' } }, {});
  assert.deepEqual(bindingFaces(asked), { AI: { type: 'llm', refused: 'the operator does not grant it: tenants.a.bindings.AI in nanos.yaml' } });
  assert.deepEqual(deniedBindings(asked), ["binding AI can't be used: the operator does not grant it: tenants.a.bindings.AI in nanos.yaml"]);
  const granted = bindingsOf({}, { AI: { type: 'llm' } });
  assert.deepEqual(granted, { AI: { type: 'llm', model: undefined, answerTokensMax: 2_048 } });
  assert.deepEqual([bindingFaces(granted), deniedBindings(granted)], [{ AI: { type: 'llm' } }, []]);
  assert.deepEqual(effectiveBindings({ name: 'b', bindings: {} }, operator({ tenants: { a: { bindings: { AI: { type: 'llm' } } } } })), {});
});

test('the smaller number of both; no number above the operator’s', () => {
  const grant = { AI: { type: 'llm', max_tokens: 100 }, R: { type: 'agent', manifest: 'r.nano', tokens: 50, wall_ms: 9, runs: 2 } };
  const asked = (tokens: number) => bindingsOf({ AI: { type: 'llm', max_tokens: tokens }, R: { type: 'agent', manifest: 'r.nano', tokens } }, grant);
  for (const [tokens, answer, run] of [[10, 10, 10], [50, 50, 50], [1_000, 100, 50]] as const) {
    assert.deepEqual(asked(tokens), { AI: { type: 'llm', model: undefined, answerTokensMax: answer }, R: { type: 'agent', manifest: 'r.nano', tokensMax: run, wallMsMax: 9, runsAtOnceMax: 2 } });
  }
});

test('another type, model or agent than the granted one', () => {
  const grant = { A: { type: 'llm', model: { provider: 'openai', model_name: 'small' } }, B: { type: 'agent', manifest: 'b.nano' }, C: { type: 'llm' } };
  const faces = bindingFaces(bindingsOf({ A: { type: 'llm', model: 'large' }, B: { type: 'agent', manifest: 'c.nano' }, C: { type: 'agent' } }, grant));
  assert.deepEqual(faces, {
    A: { type: 'llm', refused: "the model large is not granted: the operator's is small" },
    B: { type: 'agent', refused: "the agent c.nano is not granted: the operator's is b.nano" },
    C: { type: 'agent', refused: 'its type is agent, and the operator grants llm' },
  });
  assert.equal('refused' in (bindingsOf({ A: { type: 'llm', model: 'small' } }, grant)['A'] ?? {}), false);
});

test('tokens: the operator’s word for the app, else for all', () => {
  const policy = operator({ tokens: { max: 5, per: 'hour' }, tenants: { a: { tokens: { max: 7 } }, b: {} } });
  assert.deepEqual(['a', 'b', 'c'].map((app) => tokenCapOf(app, policy)), [{ tokensMax: 7, per: 'day' }, { tokensMax: 5, per: 'hour' }, { tokensMax: 5, per: 'hour' }]);
  assert.deepEqual(tokenCapOf('a', operator({})), { tokensMax: 1_000_000, per: 'day' });
});

test('grants that can’t be meant', () => {
  const wrong: readonly unknown[] = [
    { AI: { type: 'llm', tokens: 5 } },
    { AI: { type: 'lm' } },
    { '1A': { type: 'llm' } },
    { __proto__x: { type: 'llm' } },
    { AI: { type: 'llm', model: { provider: 'openai', api_key: 'sk-literal' } } },
    { AI: { type: 'llm', model: { provider: 'openai', api_url: 'file:///etc' } } },
    { R: { type: 'agent' } },
    ...['/etc/a.nano', 'a.txt', 'a\\b.nano'].map((manifest) => ({ R: { type: 'agent', manifest } })),
  ];
  for (const bindings of wrong) assert.equal(operatorFileSchema.safeParse({ tenants: { a: { bindings } } }).success, false, JSON.stringify(bindings));
  for (const tokens of [{ max: -1 }, { max: 1.5 }, { max: 1, per: 'week' }, {}]) assert.equal(operatorFileSchema.safeParse({ tokens }).success, false, JSON.stringify(tokens));
});
