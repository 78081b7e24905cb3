import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { before, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { JournalEntry, RunEntry } from '../../protocol/agent/recording.ts';
import type { NanosError } from '../../protocol/errors.ts';
import { copyJournal } from '../../recording/copy-journal.ts';
import { JournalReader } from '../../recording/journal-reader.ts';
import { JournalWriter } from '../../recording/journal-writer.ts';
import { createRunId } from '../../recording/run-id.ts';
import { RunStore } from '../../recording/run-store.ts';
import { DivergenceError } from './divergence.ts';
import { recordedModule } from './recorded-module.ts';
import { replayRun } from './replay-run.ts';
import { startRun, type StartedRun } from './start-run.ts';
import { compileTestAgent } from './test-agent.ts';
import { entriesOf, testEnvironment, testFolder, testManifest, type TestFolder } from './test-environment.ts';

/** Several calls in flight at once, of which the one that was made first is answered last. */
const AGENT = `
  const wait = (ms: number) => new Promise((resolve) => setTimeout(() => resolve(ms), ms));
  const order: unknown[] = [];
  await Promise.all([wait(30), fs.readFile('in.txt'), wait(1), fs.writeFile('out/a.txt', 'a'), fs.list('.')].map((promise) => promise.then((value) => order.push(value))));
  console.log(order.length, Date.now() > 0, crypto.randomUUID());
  await agent.done(JSON.stringify(order));
`;

/** Of util-linux: runs a command in namespaces of its own, here without a network. */
const NEW_NAMESPACE = 'unshare';

const COMMAND_LINE = ['--no-node-snapshot', '--stack-size=3900', '--disable-warning=ExperimentalWarning', fileURLToPath(new URL('../../cli/main.ts', import.meta.url))];

describe('replayRun', () => {
  let module: Uint8Array;
  before(async () => {
    module = await compileTestAgent(AGENT);
  });

  async function recorded(t: TestContext): Promise<TestFolder & { run: StartedRun }> {
    const place = testFolder(t);
    writeFileSync(join(place.folder, 'in.txt'), 'input');
    mkdirSync(join(place.folder, 'out'));
    const run = await startRun(testManifest(place, module), testEnvironment(place));
    const { end, message } = await run.result;
    assert.equal(end, 'done', message);
    rmSync(join(place.folder, 'in.txt'));
    rmSync(join(place.folder, 'out'), { recursive: true });
    return { ...place, run };
  }

  async function replayOf(file: string, dataDir: string) {
    const reader = JournalReader.open(file);
    try {
      return await replayRun(reader, await recordedModule(reader, dataDir));
    } finally {
      reader.close();
    }
  }

  it('gives the recorded results in the recorded order, without the files', async (t) => {
    const { run, dataDir } = await recorded(t);
    const lines: string[] = [];
    const reader = JournalReader.open(run.file);
    t.after(() => reader.close());
    const replay = await replayRun(reader, await recordedModule(reader, dataDir), { onLog: (_level, text) => lines.push(text) });
    assert.equal(replay.end, 'done');
    assert.equal(replay.entries, reader.length);
    assert.match(lines.join(), /^5 true [0-9a-f-]{36}$/u);
  });

  /** The recording again as another one, with entries changed on the way. */
  function rewrite({ run, dataDir }: { run: StartedRun; dataDir: string }, change: (entry: JournalEntry) => JournalEntry, head: Partial<RunEntry['head']> = {}): string {
    const [first, ...rest] = entriesOf(run.file);
    assert.ok(first?.kind === 'run');
    const journal = JournalWriter.create(join(dataDir, 'runs'), { ...first, head: { ...first.head, id: createRunId(), ...head } });
    for (const entry of rest) journal.append(change(entry));
    journal.commit();
    journal.close();
    return journal.file;
  }

  const changes: readonly (readonly [what: string, change: (entry: JournalEntry) => JournalEntry, expected: RegExp])[] = [
    ['arguments', (entry) => (entry.kind === 'call' && entry.head.name === 'fs_write' ? { ...entry, body: Buffer.from('{"path":"out/b.txt"}\na') } : entry), /expected the call fs_write .*b\.txt.*got the call fs_write .*a\.txt/u],
    ['a syscall', (entry) => (entry.kind === 'call' && entry.head.name === 'fs_list' ? { ...entry, head: { ...entry.head, name: 'fs_stat' as const, op: 19 } } : entry), /expected the call fs_stat .* got the call fs_list/u],
    ['fuel', (entry) => (entry.kind === 'rest' && entry.head.activation === 1 ? { ...entry, head: { ...entry.head, fuel: '1' } } : entry), /expected rest with fuel 1, got rest with fuel \d+/u],
    ['a state', (entry) => (entry.kind === 'rest' && entry.head.activation === 0 ? { ...entry, head: { ...entry.head, state: '0'.repeat(64) } } : entry), /expected rest with state 0{64}/u],
    ['a result', (entry) => (entry.kind === 'reply' && Buffer.from(entry.body).toString() === 'input' ? { ...entry, body: Buffer.from('other') } : entry), /expected rest with/u],
    ['an end', (entry) => (entry.kind === 'end' ? { ...entry, head: { ...entry.head, message: 'nothing' } } : entry), /expected end with message nothing/u],
  ];
  for (const [what, change, expected] of changes) {
    it(`reports ${what} that went another way`, async (t) => {
      const parent = await recorded(t);
      await assert.rejects(replayOf(rewrite(parent, change), parent.dataDir), (error) => {
        assert.ok(error instanceof DivergenceError, String(error));
        assert.match(error.message, expected);
        return true;
      });
    });
  }

  it('finds a flipped byte', async (t) => {
    const { run, dataDir } = await recorded(t);
    const database = new DatabaseSync(run.file);
    database.exec("UPDATE entry SET body = CAST('jnput' AS BLOB) WHERE kind = 'reply' AND body = CAST('input' AS BLOB)");
    database.close();
    await assert.rejects(replayOf(run.file, dataDir), (error: NanosError) => error.code === 'recording_corrupt');
  });

  it('replays an exported recording elsewhere, without a network', async (t) => {
    const { run, dataDir } = await recorded(t);
    const elsewhere = mkdtempSync(join(tmpdir(), 'nanos-elsewhere-'));
    t.after(() => rmSync(elsewhere, { recursive: true }));
    await new RunStore(dataDir).export(run.id, join(elsewhere, 'run.sqlite'), () => Promise.resolve(module));
    rmSync(dataDir, { recursive: true });
    const replay = [process.execPath, ...COMMAND_LINE, 'replay', './run.sqlite', '--json'];
    const isolated = spawnSync(NEW_NAMESPACE, ['-rn', 'true']).status === 0;
    if (!isolated) t.diagnostic('unshare -n is not permitted here: the network was there');
    const [command = '', ...args] = isolated ? [NEW_NAMESPACE, '-rn', ...replay] : replay;
    const printed: unknown = JSON.parse(execFileSync(command, args, { cwd: elsewhere, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
    assert.ok(typeof printed === 'object' && printed !== null && 'same' in printed && 'end' in printed);
    assert.deepEqual([printed.same, printed.end], [true, 'done']);
  });

  it('runs no metered module of a stranger’s, and keeps the one it was given for runs that go on', async (t) => {
    const { run, dataDir } = await recorded(t);
    const file = (name: string) => join(dataDir, `${name}.sqlite`);
    const reader = JournalReader.open(rewrite({ run, dataDir }, (entry) => entry, { source: run.module.hash }));
    await copyJournal(reader, file('forged'), { module: run.module.bytes, replace: false });
    reader.close();
    await assert.rejects(replayOf(file('forged'), dataDir), { code: 'module_refused', message: /__nanos_/u });
    await new RunStore(dataDir).export(run.id, file('honest'), () => Promise.resolve(module));
    rmSync(join(dataDir, 'modules'), { recursive: true });
    const honest = JournalReader.open(file('honest'));
    t.after(() => honest.close());
    assert.equal((await recordedModule(honest, dataDir)).hash, run.module.hash);
    assert.equal(existsSync(join(dataDir, 'modules')), false);
    await recordedModule(honest, dataDir, { keeps: true });
    assert.equal((await replayOf(run.file, dataDir)).end, 'done');
  });

  it('replays as much as there is of a run that was interrupted', async (t) => {
    const parent = await recorded(t);
    const entries = entriesOf(parent.run.file);
    const lastRest = entries.findLastIndex((entry, at) => entry.kind === 'rest' && at < entries.length - 3);
    const [first] = entries;
    assert.ok(first?.kind === 'run');
    const journal = JournalWriter.create(join(parent.dataDir, 'runs'), { ...first, head: { ...first.head, id: createRunId() } });
    for (const entry of entries.slice(1, lastRest + 1)) journal.append(entry);
    journal.commit();
    journal.close();
    const replay = await replayOf(journal.file, parent.dataDir);
    assert.deepEqual([replay.end, replay.entries], [undefined, lastRest + 1]);
  });
});
