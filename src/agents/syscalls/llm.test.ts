import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { NanosError } from '../../protocol/errors.ts';
import type { CompletionChunk } from '../../protocol/model.ts';
import { JournalReader } from '../../recording/journal-reader.ts';
import type { RunResult } from '../run/agent-run.ts';
import { createHandlers } from '../run/handlers.ts';
import { recordedModule } from '../run/recorded-module.ts';
import { replayRun } from '../run/replay-run.ts';
import { resumeRun } from '../run/resume-run.ts';
import { RunSuspended } from '../run/run-suspended.ts';
import { startRun } from '../run/start-run.ts';
import { compileTestAgent } from '../run/test-agent.ts';
import { entriesOf, testEnvironment, testFolder, testManifest, type TestManifest } from '../run/test-environment.ts';
import type { OpenModel } from './run-models.ts';
import { scriptedModel, type Script } from './test-model.ts';

const AGENT = await compileTestAgent(`
  const plan = JSON.parse(await agent.getGoal());
  const { llm, SyscallError } = sdk;
  const messages = [{ role: 'user', content: 'hi' }];
  try {
    if (plan.embeds) await agent.done(JSON.stringify(await llm.embed(plan.embeds)));
    else if (plan.leaves) {
      for await (const piece of llm.stream(messages, plan.options)) break;
      await new Promise((resolve) => setTimeout(resolve, 1));
      await agent.done('left');
    } else if (plan.infers) await agent.done(await llm.infer(plan.infers, plan.options));
    else if (plan.streams) {
      const pieces = [];
      for await (const piece of llm.stream(messages, plan.options)) pieces.push(piece);
      await agent.done(JSON.stringify({ text: pieces.join(''), atLeast2: pieces.length > 1 }));
    } else {
      const replies = await Promise.all(Array.from({ length: plan.times ?? 1 }, () => llm.chat(messages, plan.options)));
      await agent.done(JSON.stringify(replies.at(-1)));
    }
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    await agent.done(error.code + ': ' + error.message);
  }
`, "import * as sdk from 'nanos/agent';");

interface Ran {
  readonly result: RunResult;
  readonly file: string;
  readonly dataDir: string;
}

async function run(t: TestContext, plan: object, openModel: OpenModel, manifest: TestManifest = {}): Promise<Ran> {
  const folder = testFolder(t);
  const { dataDir } = folder;
  const environment = testEnvironment(folder, { handlers: createHandlers({ openEgress: () => Promise.reject(new Error('no network')), openModel, dataDir }) });
  const { file, result } = await startRun(testManifest(folder, AGENT, { goal: JSON.stringify(plan), ...manifest }), environment);
  return { result: await result, file, dataDir };
}

async function replayed(t: TestContext, { file, dataDir }: Pick<Ran, 'file' | 'dataDir'>): Promise<string> {
  const reader = JournalReader.open(file);
  t.after(() => reader.close());
  return (await replayRun(reader, await recordedModule(reader, dataDir))).message ?? '';
}

const says = (...items: ReturnType<Script> & readonly unknown[]): OpenModel => {
  const model = scriptedModel(() => items);
  return () => Promise.resolve(model);
};

/** Uses all that it is given. */
function greedy(): OpenModel {
  return () =>
    Promise.resolve({
      ...scriptedModel(() => []),
      async *complete({ tokensMax = 0 }): AsyncGenerator<CompletionChunk, void> {
        await new Promise((resolve) => setImmediate(resolve));
        yield { type: 'end', finishReason: 'length', usage: { promptTokens: 10, completionTokens: tokensMax - 10 } };
      },
    });
}

describe('llmSyscalls', () => {
  it('chats and infers, and charges the tokens', async (t) => {
    const model = scriptedModel(() => ['Hello', { name: 'fs_read', arguments: { path: 'x' } }]);
    const chat = await run(t, { options: { tools: [{ name: 'fs_read' }], temperature: 0.5 } }, () => Promise.resolve(model));
    const { content, toolCalls, finishReason, usage } = JSON.parse(chat.result.message);
    assert.deepEqual([content, toolCalls[0].name, finishReason, usage], ['Hello', 'fs_read', 'tool_calls', { promptTokens: 10, completionTokens: 2 }]);
    assert.equal(chat.result.tokens, 12);
    assert.equal(model.calls[0]?.tenant, 'tester');
    assert.deepEqual(model.requests.map(({ input, temperature }) => [input, temperature]), [[{ messages: [{ role: 'user', content: 'hi', toolCalls: undefined }] }, 0.5]]);
    const infer = await run(t, { infers: 'Once' }, says(' upon', ' a time'));
    assert.equal(infer.result.message, ' upon a time');
  });

  it('streams parts, whose bounds are on record; a replay asks no model', async (t) => {
    const ran = await run(t, { streams: true }, says('a', 'b', 'c', 'd', 'e', 'f'));
    assert.deepEqual(JSON.parse(ran.result.message), { text: 'abcdef', atLeast2: true });
    const replies = entriesOf(ran.file).flatMap((entry) => (entry.kind === 'reply' && !entry.head.inline ? [entry] : []));
    const parts = replies.filter(({ head }) => head.status === 2);
    assert.equal(parts.map(({ body }) => Buffer.from(body).toString()).join(''), 'abcdef');
    assert.deepEqual(replies.map(({ head }) => head.step), [...parts.map(() => undefined), 1]);
    assert.equal(await replayed(t, ran), ran.result.message);
  });

  it('a stream that was cut off goes on with what is left of the whole', async (t) => {
    const folder = testFolder(t);
    const { dataDir } = folder;
    const stop = new AbortController();
    let parts = 0;
    const slow = scriptedModel(() => ['a', 'b', 'c', 'd']);
    const environmentWith = (model: ReturnType<typeof scriptedModel>, signal: AbortSignal, rest: () => void) => {
      const handlers = createHandlers({ openEgress: () => Promise.reject(new Error('no network')), openModel: () => Promise.resolve(model), dataDir });
      return testEnvironment(folder, { handlers, signal, watcher: { log: () => undefined, denied: () => undefined, rest } });
    };
    const cut = environmentWith(slow, stop.signal, () => {
      if (++parts === 3) stop.abort(new RunSuspended());
    });
    const { file, module, result } = await startRun(testManifest(folder, AGENT, { goal: JSON.stringify({ streams: true }) }), cut);
    await assert.rejects(result, RunSuspended);
    const again = environmentWith(scriptedModel(() => ['ab', 'cd']), new AbortController().signal, () => undefined);
    const { end, message } = await resumeRun(file, module, { kind: 'stop' }, again);
    assert.deepEqual([end, JSON.parse(message).text], ['done', 'abcd']);
    assert.equal(await replayed(t, { file, dataDir }), message);
  });

  it('a budget bounds each call, and ends the run', async (t) => {
    const model = scriptedModel(() => ['x']);
    const ran = await run(t, { times: 4 }, () => Promise.resolve(model), { budgets: { tokensMax: 20 } });
    assert.equal(ran.result.end, 'token_limit');
    assert.ok(model.requests.every(({ maxTokens, tokensMax }) => maxTokens !== undefined && maxTokens <= 20 && tokensMax === maxTokens));
    assert.equal(model.requests.length, 2, 'the others were not made');
    const wide = scriptedModel(() => ['x']);
    await run(t, { options: { maxTokens: 5 } }, () => Promise.resolve(wide), { budgets: { tokensMax: 1_000_000 } });
    assert.deepEqual(wide.requests.map(({ maxTokens }) => maxTokens), [5]);
  });

  it('calls side by side share a budget: all of it, and nothing past it', async (t) => {
    const used = await run(t, { times: 1 }, greedy(), { budgets: { tokensMax: 5_000 } });
    assert.deepEqual([used.result.end, used.result.tokens], ['done', 5_000]);
    for (const model of [undefined, { provider: 'openai', modelName: 'x' }] as const) {
      const over = await run(t, { times: 8 }, greedy(), { budgets: { tokensMax: 5_000 }, model });
      assert.deepEqual([over.result.end, over.result.tokens], ['token_limit', 5_000]);
      assert.match(over.result.message, /has 0 left/);
    }
    const eight = await run(t, { times: 8, options: { maxTokens: 10 } }, says('x'), { budgets: { tokensMax: 100_000 } });
    assert.deepEqual([eight.result.end, eight.result.tokens], ['done', 88]);
  });

  it('a call that the guest gives up costs what it did until then', async (t) => {
    const { result } = await run(t, { leaves: true }, says('a'.repeat(400), 'b'.repeat(400), 'c'));
    assert.deepEqual([result.end, result.message], ['done', 'left']);
    assert.ok(result.tokens >= 100, String(result.tokens));
  });

  it('embeds texts, by the model that the manifest names for it, and charges them', async (t) => {
    const asked: unknown[] = [];
    const open: OpenModel = (request) => {
      asked.push(request);
      return Promise.resolve({ ...scriptedModel(() => []), embed: (texts) => Promise.resolve({ vectors: texts.map((text) => [text.length, 1]), promptTokens: 7 }) });
    };
    const ran = await run(t, { embeds: ['a', 'bcd'] }, open, { model: { provider: 'ollama', modelName: 'big', embeddingModel: 'small', apiUrl: 'http://x' } });
    assert.deepEqual([JSON.parse(ran.result.message), ran.result.tokens], [[[1, 1], [3, 1]], 7]);
    assert.deepEqual(asked, [{ provider: 'ollama', modelName: 'small', apiUrl: 'http://x' }]);
    assert.equal(await replayed(t, ran), ran.result.message);
    const poor = await run(t, { embeds: ['a'.repeat(4_000)] }, open, { budgets: { tokensMax: 100 } });
    assert.equal(poor.result.end, 'token_limit');
  });

  it('says what is wrong with a model', async (t) => {
    for (const [code, expected] of [['model_engine_missing', 'not_configured'], ['context_overflow', 'too_large'], ['model_unreachable', 'unreachable'], ['model_timeout', 'timeout'], ['model_failed', 'io_failed']] as const) {
      const { result } = await run(t, {}, () => Promise.reject(new NanosError(code, `why ${code}`)));
      assert.deepEqual([result.end, result.message], ['done', `${expected}: why ${code}`]);
    }
    const broken = await run(t, {}, () => Promise.resolve(scriptedModel(() => new NanosError('model_key_refused', 'Check api_key'))));
    assert.equal(broken.result.message, 'not_configured: Check api_key');
  });

  it('a defect of the host is none of the guest', async (t) => {
    const { result } = await run(t, {}, () => Promise.reject(new TypeError('oops')));
    assert.deepEqual([result.end, result.message], ['host_failed', 'llm_chat: oops']);
  });

  it('needs the grant', async (t) => {
    const { result } = await run(t, {}, says('x'), { tools: ['fs_read'] });
    assert.match(result.message, /^permission_denied: /);
    const named = await run(t, {}, says('x'), { tools: ['fs_read'], model: { provider: 'ollama', modelName: 'x' } });
    assert.match(named.result.message, /"content":"x"/);
  });
});
