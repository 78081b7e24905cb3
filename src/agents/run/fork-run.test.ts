import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import type { NanosError } from '../../protocol/errors.ts';
import { JournalReader } from '../../recording/journal-reader.ts';
import { forkRun, type ForkOptions } from './fork-run.ts';
import { replayRun } from './replay-run.ts';
import { startRun, type StartedRun } from './start-run.ts';
import { compileTestAgent } from './test-agent.ts';
import { entriesOf, testEnvironment, testFolder, testManifest, type TestFolder } from './test-environment.ts';

const READER = `
  const read = async (path: string) => fs.readFile(path).catch((error) => error.code);
  const first = await read('a.txt');
  await new Promise((resolve) => setTimeout(resolve, 1));
  const [second, third] = await Promise.all([read('b.txt'), read('c.txt')]);
  await fs.writeFile('out/seen.txt', [first, second, third].join());
  await agent.done([first, second, third, await read('d.txt'), await agent.getGoal(), Math.random()].join(' '));
`;

interface Parent extends TestFolder {
  readonly run: StartedRun;
  readonly message: string;
}

async function parentRun(t: TestContext, module: Uint8Array): Promise<Parent> {
  const place = testFolder(t);
  for (const name of ['a', 'b', 'c', 'd']) writeFileSync(join(place.folder, `${name}.txt`), name.toUpperCase());
  mkdirSync(join(place.folder, 'out'));
  const run = await startRun(testManifest(place, module), testEnvironment(place));
  const { end, message } = await run.result;
  assert.equal(end, 'done', message);
  return { ...place, run, message };
}

async function fork(t: TestContext, parent: TestFolder & { run: { file: string; module: StartedRun['module'] } }, options: Omit<ForkOptions, 'uncertain'>) {
  const reader = JournalReader.open(parent.run.file);
  t.after(() => reader.close());
  const run = forkRun(reader, parent.run.module, { uncertain: { kind: 'stop' }, ...options }, testEnvironment(parent));
  const result = await run.result;
  const forked = JournalReader.open(run.file);
  t.after(() => forked.close());
  forked.verify();
  const replay = await replayRun(forked, run.module);
  assert.equal(replay.end, result.end);
  assert.equal(replay.fuel, result.fuel);
  return { ...result, run };
}

describe('forkRun', () => {
  let module: Uint8Array;
  before(async () => {
    module = await compileTestAgent(READER);
  });

  it('edits one result and goes on live', async (t) => {
    const parent = await parentRun(t, module);
    rmSync(join(parent.folder, 'a.txt'));
    rmSync(join(parent.folder, 'b.txt'));
    writeFileSync(join(parent.folder, 'c.txt'), 'C2');
    const { message } = await fork(t, parent, { step: 2, edit: 'edited' });
    assert.match(message, /^A edited C2 D find the secret 0\./u);
    assert.equal(readFileSync(join(parent.folder, 'out/seen.txt'), 'utf8'), 'A,edited,C2');
  });

  it('makes the call again without an edit, and keeps the random stream', async (t) => {
    const parent = await parentRun(t, module);
    writeFileSync(join(parent.folder, 'b.txt'), 'B2');
    writeFileSync(join(parent.folder, 'a.txt'), 'not read again');
    const { message } = await fork(t, parent, { step: 2 });
    assert.equal(message, parent.message.replace(' B ', ' B2 '));
  });

  it('gives an edited error as an error', async (t) => {
    const parent = await parentRun(t, module);
    const { message } = await fork(t, parent, { step: 1, edit: { error: { code: 'not_found', message: 'Gone' } } });
    assert.match(message, /^not_found B C D/u);
  });

  it('edits a reply that came by a resume', async (t) => {
    const parent = await parentRun(t, module);
    rmSync(join(parent.folder, 'out'), { recursive: true });
    const { end, message } = await fork(t, parent, { step: 4, edit: '' });
    assert.equal(end, 'done', message);
    assert.equal(message, parent.message);
  });

  it('tells another goal from the step on', async (t) => {
    const parent = await parentRun(t, module);
    const { message, run } = await fork(t, parent, { step: 4, goal: 'rest' });
    assert.equal(message, parent.message.replace('find the secret', 'rest'));
    const [first] = entriesOf(run.file);
    assert.ok(first?.kind === 'run');
    assert.deepEqual(first.head.fork, { run: parent.run.id, step: 4, goal: 'rest', base: 1 });
    const [base, next] = entriesOf(run.file).flatMap((entry) => (entry.kind === 'rest' ? [entry.head] : []));
    assert.deepEqual([base?.activation, base?.snapshot], [1, { kind: 'key' }]);
    assert.deepEqual(next?.snapshot, { kind: 'delta', base: 1 }, 'what the fork begins with is kept once');
  });

  it('starts over at step 0', async (t) => {
    const parent = await parentRun(t, module);
    writeFileSync(join(parent.folder, 'a.txt'), 'A0');
    const { message } = await fork(t, parent, { step: 0, goal: 'again' });
    assert.match(message, /^A0 B C D again/u);
  });

  it('forks a fork, after the place where that one began', async (t) => {
    const parent = await parentRun(t, module);
    const { run } = await fork(t, parent, { step: 2, edit: 'one' });
    const child = { ...parent, run };
    const { message } = await fork(t, child, { step: 3, edit: 'two' });
    assert.match(message, /^A one two D/u);
    const late = await fork(t, child, { step: 5, edit: 'three' });
    assert.match(late.message, /^A one C three/u);
    await assert.rejects(fork(t, child, { step: 1, edit: 'x' }), (error: NanosError) => error.code === 'not_found' && error.message.includes(parent.run.id));
  });

  it('names the steps there are when it is asked for another', async (t) => {
    const parent = await parentRun(t, module);
    await assert.rejects(fork(t, parent, { step: 6 }), (error: NanosError) => error.code === 'not_found' && error.message.includes('it has 5'));
  });
});
