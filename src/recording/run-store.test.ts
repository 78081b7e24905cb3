import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { RunEntry } from '../protocol/agent/recording.ts';
import { createRequestIds } from '../util/request-id.ts';
import { testFolder } from '../util/test-folder.ts';
import { JournalReader } from './journal-reader.ts';
import { createRunId, runStartedMs } from './run-id.ts';
import { DEFAULT_RETENTION, RunStore } from './run-store.ts';
import { callEntry, endEntry, entriesOf, restEntry, runEntry } from './test-journal.ts';

const MODULE = Buffer.from('a module');
const MODULE_SHA256 = createHash('sha256').update(MODULE).digest('hex');
const loadModule = (): Promise<Uint8Array> => Promise.resolve(MODULE);

function finished(store: RunStore, head: Partial<RunEntry['head']> = {}, steps = 2): string {
  const run = runEntry({ source: MODULE_SHA256, ...head });
  const writer = store.create(run);
  for (const entry of [...entriesOf(steps), endEntry(steps)]) writer.append(entry);
  writer.commit();
  writer.close();
  return run.head.id;
}

test('ids sort by time and tell it', () => {
  const before = Date.now();
  const ids = [createRunId(), createRunId()];
  assert.deepEqual(ids.toSorted(), ids);
  assert.ok(runStartedMs(ids[0] ?? '') >= before && runStartedMs(ids[1] ?? '') <= Date.now());
  assert.equal(runStartedMs(createRequestIds(() => 1_700_000_000_123, new Uint8Array(5))()), 1_700_000_000_123);
});

test('runs are listed, the newest first, with how they stand', async (t) => {
  const store = new RunStore(await testFolder(t));
  assert.deepEqual([...store.list()], []);
  const done = finished(store, { name: 'first' });
  const interrupted = store.create(runEntry({ name: 'second' }));
  for (const entry of [callEntry(0), restEntry(0)]) interrupted.append(entry);
  interrupted.commit();
  interrupted.close();
  const running = store.create(runEntry({ name: 'third' }));
  t.after(() => running.close());
  const bad = createRunId();
  writeFileSync(join(store.folder, `${bad}.sqlite`), 'no recording');
  writeFileSync(join(store.folder, 'notes.sqlite'), 'not a run’s name');
  const runs = [...store.list()];
  assert.deepEqual(runs.map(({ name, status, steps }) => [name, status, steps]), [['', 'unreadable', 0], ['third', 'running', 0], ['second', 'interrupted', 0], ['first', 'done', 2]]);
  assert.match(runs[0]?.message ?? '', /is no recording/);
  assert.equal(runs[3]?.id, done);
  assert.equal(runs[3]?.message, 'Found it');
  assert.equal(runs[3]?.bytes, statSync(join(store.folder, `${done}.sqlite`)).size);
});

test('runs are listed from one on, and looked for by the whole id', async (t) => {
  const store = new RunStore(await testFolder(t));
  const ids = [finished(store), finished(store), finished(store)];
  assert.deepEqual([...store.list(ids[2])].map(({ id }) => id), [ids[1], ids[0]]);
  assert.deepEqual([...store.list(ids[0])], []);
  assert.equal(store.has(ids[1] ?? ''), true);
  for (const id of [createRunId(), ids[1]?.slice(0, -1) ?? '', `../runs/${ids[1]}`, '', 'last']) assert.equal(store.has(id), false, id);
});

test('a run is named by its id, the beginning of it, last, or a path', async (t) => {
  const folder = await testFolder(t);
  const store = new RunStore(folder);
  assert.throws(() => store.find('last'), { code: 'not_found' });
  const ids = [finished(store), finished(store)];
  const [first = '', second = ''] = ids;
  const unique = first.slice(0, [...first].findIndex((digit, index) => digit !== second[index]) + 1);
  assert.equal(store.find(first), join(store.folder, `${first}.sqlite`));
  assert.equal(store.find(unique), store.find(first));
  assert.equal(store.find('last'), store.find(second));
  assert.equal(store.find(join(folder, 'x')), join(folder, 'x'));
  assert.throws(() => store.find(unique.slice(0, -1)), { code: 'usage' });
  for (const none of ['zzz', '..', '']) assert.throws(() => store.find(none), ({ code }: { code: string }) => code === 'not_found' || code === 'usage');
});

test('a run is deleted with all its files, unless it is under way', async (t) => {
  const store = new RunStore(await testFolder(t));
  const running = store.create(runEntry());
  assert.throws(() => store.delete('last'), { code: 'run_in_use' });
  running.close();
  store.delete('last');
  assert.deepEqual(readdirSync(store.folder), []);
  assert.throws(() => store.delete('../runs'), { code: 'not_found' });
});

test('an exported run is one file, and imported elsewhere the same run', async (t) => {
  const [here, there] = [new RunStore(await testFolder(t)), new RunStore(await testFolder(t))];
  const id = finished(here);
  const file = join(await testFolder(t), 'run.sqlite');
  const progress: number[] = [];
  await here.export(id, file, loadModule, (done) => progress.push(done));
  assert.equal(progress.at(-1), 1);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(await there.import(file), id);
  const [a, b] = [JournalReader.open(here.find(id)), JournalReader.open(there.find(id))];
  b.verify();
  assert.deepEqual(b.lastHash(), a.lastHash());
  assert.deepEqual(Buffer.from(b.module() ?? []), MODULE);
  a.close();
  b.close();
  assert.equal([...there.list()][0]?.status, 'done');
  assert.equal(await there.import(file), id, 'the same once more');
  await there.export('last', file, () => Promise.reject(new Error('the recording has it')));
  assert.deepEqual(readdirSync(there.folder), [`${id}.sqlite`]);
});

test('an import never replaces another run', async (t) => {
  const [here, there] = [new RunStore(await testFolder(t)), new RunStore(await testFolder(t))];
  const id = finished(here);
  finished(there, { id }, 3);
  await assert.rejects(there.import(here.find(id)), { code: 'run_exists' });
  assert.equal([...there.list()][0]?.steps, 3);
});

test('a hostile import leaves nothing behind', async (t) => {
  const [here, there] = [new RunStore(await testFolder(t)), new RunStore(await testFolder(t))];
  const id = finished(here);
  const file = join(await testFolder(t), 'run.sqlite');
  const changes = [
    'CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry; END',
    "UPDATE entry SET head = replace(head, 'Found', 'Faund') WHERE kind = 'end'",
    'DELETE FROM entry WHERE n = 3',
    "INSERT INTO module VALUES ('00', x'00')",
    'DELETE FROM module',
    'PRAGMA user_version = 7',
  ];
  for (const sql of changes) {
    await here.export(id, file, loadModule);
    const database = new DatabaseSync(file);
    database.exec(sql);
    database.close();
    await assert.rejects(there.import(file), ({ code }: { code: string }) => code.startsWith('recording_'), sql);
  }
  assert.deepEqual([...there.list()], []);
  assert.deepEqual(existsSync(there.folder) ? readdirSync(there.folder) : [], []);
});

test('a failed export leaves the earlier file', async (t) => {
  const store = new RunStore(await testFolder(t));
  const folder = await testFolder(t, { 'run.sqlite': 'earlier' });
  finished(store);
  await assert.rejects(store.export('last', join(folder, 'run.sqlite'), () => Promise.resolve(Buffer.from('another module'))), { code: 'recording_corrupt' });
  assert.deepEqual(readdirSync(folder), ['run.sqlite']);
  assert.equal(statSync(join(folder, 'run.sqlite')).size, 'earlier'.length);
});

test('the oldest runs go when there are too many, too large or too old ones, and never one under way', async (t) => {
  const store = new RunStore(await testFolder(t));
  const running = store.create(runEntry());
  t.after(() => running.close());
  const ids = [finished(store), finished(store), finished(store), finished(store)];
  const size = statSync(store.find(ids[3] ?? '')).size;
  const left = (): string[] => [...store.list()].filter(({ status }) => status !== 'running').map(({ id }) => id).toReversed();
  assert.deepEqual(store.prune(Date.now()), []);
  assert.deepEqual(store.prune(Date.now(), { ...DEFAULT_RETENTION, runsKeptMax: 5 }), []);
  assert.deepEqual(store.prune(Date.now(), { ...DEFAULT_RETENTION, runsKeptMax: 4 }), ids.slice(0, 1));
  const runningBytes = [...store.list()].at(-1)?.bytes ?? 0;
  assert.deepEqual(store.prune(Date.now(), { ...DEFAULT_RETENTION, runsBytesMax: runningBytes + 3 * size }), []);
  assert.deepEqual(store.prune(Date.now(), { ...DEFAULT_RETENTION, runsBytesMax: runningBytes + 3 * size - 1 }), ids.slice(1, 2));
  const age = Date.now() - runStartedMs(ids[2] ?? '');
  assert.deepEqual(store.prune(runStartedMs(ids[2] ?? '') + age + 1_000, { ...DEFAULT_RETENTION, runAgeMsMax: age + 1_000 }), []);
  assert.deepEqual(left(), ids.slice(2));
  assert.deepEqual(store.prune(Date.now() + DEFAULT_RETENTION.runAgeMsMax + 1), ids.slice(2));
  assert.deepEqual([...store.list()].map(({ status }) => status), ['running']);
});

test('a run that waits for a person is kept until somebody decides, cancels or deletes it', async (t) => {
  const store = new RunStore(await testFolder(t));
  const run = runEntry();
  const writer = store.create(run);
  for (const entry of [callEntry(0), { kind: 'ask', head: { call: 0, tool: 'fs_read' } } as const, restEntry(0, { waiting: [0] }), endEntry(0, 'waiting')]) writer.append(entry);
  writer.commit();
  writer.close();
  const over = finished(store);
  const late = Date.now() + DEFAULT_RETENTION.runAgeMsMax + 60_000;
  assert.deepEqual(store.prune(late, { ...DEFAULT_RETENTION, runsKeptMax: 0, runsBytesMax: 0 }), [over]);
  assert.deepEqual([...store.list()].map(({ id, status }) => [id, status]), [[run.head.id, 'waiting']]);
  assert.equal(store.delete('last'), run.head.id);
});

test('what a dead process left half made is removed after an hour', async (t) => {
  const store = new RunStore(await testFolder(t));
  finished(store);
  for (const [name, ageS] of [['.old.half-made', 4_000], ['.new.half-made', 10]] as const) {
    writeFileSync(join(store.folder, name), '');
    utimesSync(join(store.folder, name), Date.now() / 1_000 - ageS, Date.now() / 1_000 - ageS);
  }
  store.prune(Date.now());
  assert.deepEqual(readdirSync(store.folder).filter((name) => name.startsWith('.')), ['.new.half-made']);
});
