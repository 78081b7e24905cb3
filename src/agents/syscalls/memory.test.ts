import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { NanosError } from '../../protocol/errors.ts';
import type { Embeddings } from '../../protocol/model.ts';
import { JournalReader } from '../../recording/journal-reader.ts';
import type { RunResult } from '../run/agent-run.ts';
import { forkRun } from '../run/fork-run.ts';
import { createHandlers } from '../run/handlers.ts';
import { recordedModule } from '../run/recorded-module.ts';
import { replayRun } from '../run/replay-run.ts';
import { startRun } from '../run/start-run.ts';
import { compileTestAgent } from '../run/test-agent.ts';
import { testEnvironment, testFolder, testManifest, type TestEnvironment, type TestFolder, type TestManifest } from '../run/test-environment.ts';
import { scriptedModel } from './test-model.ts';

/** Stores what the goal holds, then asks for each query. */
const AGENT = await compileTestAgent(`
  const { texts = {}, queries = [] } = JSON.parse(await agent.getGoal());
  for (const [key, text] of Object.entries(texts)) await sdk.memory.store(key, text);
  const found = [];
  for (const query of queries) found.push((await sdk.memory.recall({ query })) ?? null);
  await agent.done(JSON.stringify(found));
`, "import * as sdk from 'nanos/agent';");

const MODEL = { provider: 'ollama', modelName: 'm' } as const;

/** Animals, food, and everything else. */
function meaningOf(text: string): number[] {
  if (/cat|dog|kitten/u.test(text)) return [1, 0, 0];
  return /bread|oven|lunch/u.test(text) ? [0, 1, 0] : [0, 0, 1];
}

interface Embedder {
  readonly texts: string[];
  embed(inputs: readonly string[]): Promise<Embeddings>;
}

function embedder(fails: () => Error | undefined = () => undefined): Embedder {
  const texts: string[] = [];
  return {
    texts,
    embed: (inputs) => {
      texts.push(...inputs);
      const failure = fails();
      return failure === undefined ? Promise.resolve({ vectors: inputs.map(meaningOf), promptTokens: 3 }) : Promise.reject(failure);
    },
  };
}

function environmentOf(folder: TestFolder, { embed }: Embedder): TestEnvironment {
  const openModel = () => Promise.resolve({ ...scriptedModel(() => []), embed });
  return testEnvironment(folder, { handlers: createHandlers({ openEgress: () => Promise.reject(new Error('no network')), openModel, dataDir: folder.dataDir }) });
}

async function run(folder: TestFolder, goal: object, model: Embedder, manifest: TestManifest = { model: MODEL }): Promise<{ result: RunResult; file: string; found: unknown; lines: readonly string[] }> {
  const environment = environmentOf(folder, model);
  const { file, result } = await startRun(testManifest(folder, AGENT, { goal: JSON.stringify(goal), ...manifest }), environment);
  const ended = await result;
  return { result: ended, file, found: ended.end === 'done' ? JSON.parse(ended.message) : ended.message, lines: environment.lines };
}

function readerOf(t: TestContext, file: string): JournalReader {
  const reader = JournalReader.open(file);
  t.after(() => reader.close());
  return reader;
}

const TEXTS = { 1: 'The cat sleeps on the sofa', 2: 'The bread is nearly done' };

describe('memorySyscalls', () => {
  it('finds by meaning where the model has embeddings, in a later run, and charges their tokens', async (t) => {
    const folder = testFolder(t);
    const first = await run(folder, { texts: TEXTS }, embedder());
    assert.deepEqual([first.result.end, first.result.tokens], ['done', 6]);
    const asked = embedder();
    const later = await run(folder, { queries: ['kitten', 'what is for lunch?'] }, asked);
    assert.deepEqual([later.found, asked.texts], [[TEXTS[1], TEXTS[2]], ['kitten', 'what is for lunch?']]);
  });

  it('goes by words with the embedded model, and with none asks nobody', async (t) => {
    for (const model of [undefined, { provider: 'local' } as const]) {
      const asked = embedder();
      const { found } = await run(testFolder(t), { texts: TEXTS, queries: ['kitten', 'sofa'] }, asked, { model });
      assert.deepEqual([found, asked.texts], [[null, TEXTS[1]], []]);
    }
  });

  it('goes by words when the model fails, says so once, and lets it be for a while', async (t) => {
    const broken = embedder(() => new NanosError('model_unreachable', 'nobody is there'));
    const { found, lines } = await run(testFolder(t), { texts: TEXTS, queries: ['kitten', 'bread'] }, broken);
    assert.deepEqual([found, broken.texts.length], [[null, TEXTS[2]], 1]);
    assert.deepEqual(lines, ['warn: memory: no embeddings, so texts are found by their words: nobody is there']);
  });

  it('takes the beginning of a text that is too long for the model', async (t) => {
    const long = 'cat '.repeat(10_000);
    const narrow = embedder(() => ((narrow.texts.at(-1) ?? '').length > 1_000 ? new NanosError('context_overflow', 'too long') : undefined));
    const { found } = await run(testFolder(t), { texts: { 1: long }, queries: ['kitten'] }, narrow, { model: MODEL, budgets: { tokensMax: 1_000_000 } });
    assert.deepEqual([found, narrow.texts.map(({ length }) => length)], [[long], [16_000, 4_000, 1_000, 6]]);
  });

  it('does not keep vectors that are none, or too long', async (t) => {
    for (const vector of [[], Array.from({ length: 4_097 }, () => 1), [Number.NaN]]) {
      const odd = { texts: [], embed: () => Promise.resolve({ vectors: [vector], promptTokens: 1 }) };
      const { found, lines } = await run(testFolder(t), { texts: TEXTS, queries: ['sofa'] }, odd);
      assert.deepEqual([found, lines.length], [[TEXTS[1]], 1]);
    }
  });

  it('goes by words when the budget of tokens has too few left', async (t) => {
    const asked = embedder();
    const { result, found } = await run(testFolder(t), { texts: TEXTS, queries: ['sofa'] }, asked, { model: MODEL, budgets: { tokensMax: 5 } });
    assert.deepEqual([result.end, found, asked.texts], ['done', [TEXTS[1]], []]);
  });

  it('a replay and a fork give what was found then, and ask no model', async (t) => {
    const folder = testFolder(t);
    const { file, result } = await run(folder, { texts: TEXTS, queries: ['kitten', 'lunch'] }, embedder());
    await run(folder, { texts: { 1: 'The cat is gone' } }, embedder());
    const reader = readerOf(t, file);
    const module = await recordedModule(reader, folder.dataDir);
    assert.equal((await replayRun(reader, module)).message, result.message);
    const asked = embedder();
    const { result: forked } = forkRun(reader, module, { step: 4, uncertain: { kind: 'stop' } }, environmentOf(folder, asked));
    assert.deepEqual([JSON.parse((await forked).message), asked.texts], [[TEXTS[1], TEXTS[2]], ['lunch']]);
  });

  it('agents share a memory only by its name', async (t) => {
    const folder = testFolder(t);
    await run(folder, { texts: TEXTS }, embedder(), { sharedMemory: 'team' });
    const others = [
      [{ name: 'other', sharedMemory: 'team' }, TEXTS[1]],
      [{ name: 'other', sharedMemory: 'elsewhere' }, null],
      [{ name: 'other' }, null],
      [{}, null],
    ] as const;
    for (const [manifest, expected] of others) assert.deepEqual((await run(folder, { queries: ['sofa'] }, embedder(), manifest)).found, [expected]);
  });
});
