/** The built-in agent with a model that says what it is told to. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import type { ModelRequest } from '../../protocol/agent/manifest.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { RunResult } from '../run/agent-run.ts';
import { createHandlers } from '../run/handlers.ts';
import { startRun } from '../run/start-run.ts';
import { testEnvironment, testFolder, testManifest, type TestManifest } from '../run/test-environment.ts';
import { scriptedModel, type Script, type ScriptedModel } from '../syscalls/test-model.ts';

const OTHER_MODEL: ModelRequest = { provider: 'ollama', modelName: 'other' };
const shared = testFolder({ after } as TestContext);

interface Ran {
  readonly result: RunResult;
  readonly model: ScriptedModel;
  readonly folder: string;
  readonly lines: readonly string[];
}

async function run(t: TestContext, script: Script, manifest: TestManifest = {}, files: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const folder = testFolder(t);
  mkdirSync(join(folder.folder, 'out'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.folder, name), text);
  const model = scriptedModel(script);
  const handlers = createHandlers({ openEgress: () => Promise.reject(new Error('no network')), openModel: () => Promise.resolve(model), dataDir: shared.dataDir });
  const environment = testEnvironment({ ...folder, dataDir: shared.dataDir }, { handlers });
  const { result } = await startRun(testManifest(folder, new Uint8Array(), { binary: undefined, name: 'builtin', ...manifest }), environment);
  return { result: await result, model, folder: folder.folder, lines: environment.lines };
}

const done = (summary: string) => ({ name: 'done', arguments: { summary } });
const resultsOf = ({ model }: Ran): string[] => {
  const input = model.requests.at(-1)?.input;
  return input !== undefined && 'messages' in input ? input.messages.filter(({ role }) => role === 'tool').map(({ content }) => content) : [];
};

describe('the built-in agent', () => {
  it('does what the model calls, and tells it what came of it', async (t) => {
    const calls = [
      { name: 'fs_read', arguments: { path: 'in.txt' } },
      { name: 'fs_write', arguments: { path: 'out/a.txt', content: 'A' } },
      { name: 'fs_list', arguments: { path: 'out' } },
      { name: 'calc', arguments: { expression: '0.1 + 0.2' } },
      { name: 'time_now', arguments: {} },
      { name: 'memory_store', arguments: { text: 'Ada likes tea' } },
      { name: 'memory_recall', arguments: { query: 'tea?' } },
      { name: 'memory_recall', arguments: { query: 'coffee' } },
      { name: 'fs_write', arguments: { path: 'in.txt', content: 'x' } },
      { name: 'fs_read', arguments: { path: 'none.txt' } },
      { name: 'fs_read', arguments: {} },
      { name: 'calc', arguments: { expression: '1 +' } },
      { name: 'shell', arguments: {} },
      { name: 'agent_send', arguments: { to: 'b', message: 'hi' } },
    ];
    const ran = await run(t, (_request, round) => [calls[round] ?? done('All done.')], {}, { 'in.txt': 'IN' });
    assert.deepEqual([ran.result.end, ran.result.message], ['done', 'All done.']);
    const results = resultsOf(ran);
    assert.deepEqual(results.slice(0, 4), ['IN', 'ok', 'a.txt', '0.3']);
    assert.match(results[4] ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(results.slice(5, 8), ['ok', 'Ada likes tea', 'nothing found']);
    assert.equal(results[8], 'error PERMISSION_DENIED: fs_write is not granted (permissions.fs_write: out/**)');
    assert.match(results[9] ?? '', /^error NOT_FOUND: /);
    assert.deepEqual(results.slice(10, 13), ['error INVALID_ARGS: fs_read needs path', 'error INVALID_ARGS: the expression ends too early', 'error NOT_FOUND: there is no tool shell']);
    assert.match(results[13] ?? '', /^error UNAVAILABLE: /);
    assert.equal(readFileSync(join(ran.folder, 'out/a.txt'), 'utf8'), 'A');
  });

  it('shows the tools that are granted; the others may be called, and the gate denies them', async (t) => {
    const ran = await run(t, (_request, round) => [round === 0 ? { name: 'web_get', arguments: { url: 'http://example.com/' } } : done('x')], { tools: ['fs_read'] });
    const [first] = ran.model.requests;
    assert.deepEqual(first?.tools?.map(({ name }) => name), ['fs_read', 'calc', 'time_now', 'done']);
    assert.deepEqual(first?.unlistedTools?.map(({ name }) => name), ['fs_write', 'fs_list', 'web_get', 'agent_send', 'agent_recv', 'memory_store', 'memory_recall']);
    assert.deepEqual(resultsOf(ran), ['error PERMISSION_DENIED: web_get is not granted']);
    assert.ok(ran.lines.some((line) => line.startsWith('denied: web_fetch')));
  });

  it('guides a model that was not made for agents, and takes its text for the summary', async (t) => {
    const own = await run(t, () => ['Text. ']);
    const other = await run(t, () => ['Text.'], { model: OTHER_MODEL });
    assert.deepEqual([own.result.message, other.result.message], ['Text.', 'Text.']);
    const rolesOf = ({ model }: Ran) => model.requests.flatMap(({ input }) => ('messages' in input ? input.messages.map(({ role }) => role) : []));
    assert.deepEqual([rolesOf(own), rolesOf(other)], [['user'], ['system', 'user']]);
  });

  it('does several calls of one answer in their order', async (t) => {
    const write = (content: string) => ({ name: 'fs_write', arguments: { path: 'out/a.txt', content } });
    const ran = await run(t, () => [write('1'), write('2'), done('Both')]);
    assert.deepEqual([ran.result.message, readFileSync(join(ran.folder, 'out/a.txt'), 'utf8')], ['Both', '2']);
  });

  it('stops a model that goes round in circles', async (t) => {
    const row = await run(t, () => [{ name: 'fs_read', arguments: { path: 'in.txt' } }], {}, { 'in.txt': 'IN' });
    assert.equal(row.result.end, 'agent_threw');
    assert.match(row.result.message, /GoalNotReached: The model goes round in circles: it called fs_read \{"path":"in\.txt"\} again and again, and got "IN"$/);
    assert.equal(row.model.requests.length, 3);
    const turns = await run(t, (_request, round) => [{ name: 'fs_read', arguments: { path: round % 2 === 0 ? 'in.txt' : 'none.txt' } }], {}, { 'in.txt': 'IN' });
    assert.match(turns.result.message, /round in circles/);
    assert.equal(turns.model.requests.length, 11);
  });

  it('leaves out what the context has no room for, and says so when that is not enough', async (t) => {
    const tight: Script = ({ input }, round) => {
      if ('messages' in input && JSON.stringify(input.messages).length > 3_000) return new NanosError('context_overflow', 'The prompt is 100 tokens too long');
      return [round === 0 ? { name: 'fs_read', arguments: { path: 'in.txt' } } : done('Read it')];
    };
    const ran = await run(t, tight, {}, { 'in.txt': 'long '.repeat(10_000) });
    assert.equal(ran.result.message, 'Read it');
    assert.match(resultsOf(ran)[0] ?? '', /^long .*\n\[\d+ characters left out\]\n.*long $/su);
    const never = await run(t, () => new NanosError('context_overflow', 'The prompt is 100 tokens too long'));
    assert.deepEqual([never.result.end, never.result.message], ['agent_threw', 'Uncaught GoalNotReached: The goal does not fit into the model\'s context: The prompt is 100 tokens too long']);
    const cut = await run(t, () => []);
    assert.equal(cut.result.message, 'Uncaught GoalNotReached: The model\'s answer was cut off before it was whole, after no call at all');
  });

  it('says why there is no answer', async (t) => {
    const { result } = await run(t, () => new NanosError('model_engine_missing', 'Install it: nanos models install'));
    assert.deepEqual([result.end, result.message], ['agent_threw', 'Uncaught GoalNotReached: Install it: nanos models install']);
  });

  it('takes no more steps than the manifest grants', async (t) => {
    const { result } = await run(t, (_request, round) => [{ name: 'fs_write', arguments: { path: 'out/a.txt', content: String(round) } }], { budgets: { stepsMax: 5 } });
    assert.deepEqual([result.end, result.steps], ['step_limit', 5]);
  });
});
