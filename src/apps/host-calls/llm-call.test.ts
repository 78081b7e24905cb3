import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BindingFace } from '../../protocol/bindings/binding-kinds.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { CompletionChunk } from '../../protocol/model.ts';
import type { ByteReader } from '../run/guest-streams.ts';
import type { HostCallContext } from '../run/host-call.ts';
import type { BindingLink, BindingRequest } from './binding-call.ts';
import { llmCall } from './llm-call.ts';

interface Probe {
  readonly asked: BindingRequest[];
  readonly offered: ByteReader[];
  readonly cancelled: number;
  subrequests: number;
  call(method: string, argument: unknown, binding?: string): Promise<readonly (string | number)[]>;
}

function probe(chunks: readonly CompletionChunk[] = [], signal = new AbortController().signal): Probe {
  const asked: BindingRequest[] = [];
  const offered: ByteReader[] = [];
  const left = [...chunks];
  const state = { subrequests: 0, cancelled: 0 };
  const link: BindingLink = {
    ask(request) {
      asked.push(request);
      return Promise.resolve({ vectors: [[1, 2]], text: 'hi', toolCalls: [{ id: 'c', name: 't', arguments: {} }], usage: { promptTokens: 1, completionTokens: 2 } });
    },
    open(request) {
      asked.push(request);
      return Promise.resolve({ read: () => Promise.resolve(left.shift() ?? null), cancel: () => void state.cancelled++ });
    },
  };
  const bindings: Record<string, BindingFace> = { AI: { type: 'llm' }, NO: { type: 'llm', refused: 'not yours' }, R: { type: 'agent' } };
  const context: HostCallContext = {
    app: 'a',
    egress: { hosts: [], privateRanges: [] },
    bindings,
    requestId: 'r',
    depth: 0,
    signal,
    countSubrequest: () => void state.subrequests++,
    chargeCpu: () => undefined,
    offerStream: (reader) => offered.push(reader),
    readStream: () => assert.fail('takes no stream'),
  };
  const handler = llmCall(link);
  return Object.assign(state, {
    asked,
    offered,
    call: async (method: string, argument: unknown, binding = 'AI') => (await handler(context, method, [binding, typeof argument === 'string' ? argument : JSON.stringify(argument)], [])).fields,
  });
}

const user = [{ role: 'user', content: 'a' }];

test('what a guest can send that our side of the boundary never would', async () => {
  const malformed: readonly (readonly [string, unknown, string?])[] = [
    ['llm.chat', ''],
    ['llm.chat', '{'],
    ['llm.chat', 'null'],
    ['llm.chat', '[]'],
    ['llm.chat', { messages: [{ role: 'root', content: 'a' }] }],
    ['llm.chat', { messages: [{ role: 'user', content: 1 }] }],
    ['llm.chat', { messages: user, unlistedTools: [] }],
    ['llm.chat', { messages: user, maxTokens: 0 }],
    ['llm.chat', { messages: user, maxTokens: 1e9 }],
    ['llm.chat', { messages: user, stop: [''] }],
    ['llm.chat', '{"messages":[{"role":"user","content":"a","__proto__":{"role":"system"}}]}'],
    ['llm.chat', { messages: Array(10_001).fill(user[0]) }],
    ['llm.run', { model: 'm', input: { messages: user, response_format: { type: 'xml' } } }],
    ['llm.run', { model: 'm', input: { text: [] } }],
    ['llm.embed', Array(101).fill('a')],
    ['llm.embed', 7],
    ['llm.none', {}],
    ['llm.constructor', {}],
    ['llm', {}],
  ];
  const { call, asked } = probe();
  for (const [method, argument] of malformed) {
    const [kind, code] = await call(method, argument);
    assert.deepEqual([kind, code], ['error', 'bad_request'], `${method} ${JSON.stringify(argument).slice(0, 80)}`);
  }
  for (const binding of ['NO', 'R', 'toString', '', '__proto__']) assert.deepEqual((await call('llm.chat', { messages: user }, binding)).slice(0, 2), ['error', 'binding_not_granted'], binding);
  assert.deepEqual(asked, []);
});

test('at the largest argument, and one byte past it', async () => {
  const { call } = probe();
  const argument = (bytes: number): string => {
    const empty = JSON.stringify({ messages: [{ role: 'user', content: '' }] });
    // two bytes a character
    return empty.replace('""', `"${'é'.repeat((bytes - empty.length) >> 1)}${(bytes - empty.length) % 2 === 1 ? 'a' : ''}"`);
  };
  assert.equal((await call('llm.chat', argument(1024 * 1024)))[0], 'json');
  assert.deepEqual((await call('llm.chat', argument(1024 * 1024 + 1))).slice(0, 2), ['error', 'bad_request']);
});

test('each call that is let through is a subrequest', async () => {
  const one = probe();
  await one.call('llm.chat', { messages: user });
  await one.call('llm.chat', { messages: [] });
  await one.call('llm.chat', { messages: user }, 'NO');
  assert.equal(one.subrequests, 2);
});

test('Workers AI’s input becomes a request, and the answer its output', async () => {
  const { call, asked } = probe();
  const input = { prompt: 'a', max_tokens: 5, top_k: 3, lora: 'ignored', tools: [{ name: 't', parameters: { type: 'object' } }], response_format: { type: 'json_object' } };
  const [kind, text] = await call('llm.run', { model: 'm', input });
  assert.deepEqual([kind, JSON.parse(String(text))], ['json', { response: 'hi', tool_calls: [{ name: 't', arguments: {} }], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } }]);
  const { task } = asked[0]!;
  assert.ok(task.kind === 'llm' && task.method === 'complete');
  assert.deepEqual(JSON.parse(JSON.stringify(task.request)), { input: { messages: user }, tools: [{ name: 't', parameters: { type: 'object' } }], maxTokens: 5, topK: 3, schema: true });
});

test('a stream: text as it is, without what is no text', async () => {
  const { call, offered } = probe([{ type: 'text', text: 'é' }, { type: 'text', text: '' }, { type: 'end', finishReason: 'stop', usage: { promptTokens: 1, completionTokens: 1 } }]);
  assert.deepEqual(await call('llm.chat', { messages: user, stream: true }), ['stream', '1']);
  assert.deepEqual([Buffer.from((await offered[0]?.read()) ?? '').toString(), await offered[0]?.read()], ['é', null]);
});

test('a stream that nobody waits for any more is closed', async () => {
  const gone = new AbortController();
  const state = probe([], gone.signal);
  const reply = state.call('llm.chat', { messages: user, stream: true });
  gone.abort(new NanosError('request_timeout', 'gone'));
  assert.deepEqual((await reply).slice(0, 2), ['error', 'request_timeout']);
  assert.deepEqual([state.cancelled, state.offered.length], [1, 0]);
});
