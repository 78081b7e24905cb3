import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { CommanderError } from 'commander';
import { packPayload } from '../../protocol/agent/payload.ts';
import type { JournalEntry } from '../../protocol/agent/recording.ts';
import { RunStore } from '../../recording/run-store.ts';
import { callEntry, endEntry, replyEntry, restEntry, runEntry } from '../../recording/test-journal.ts';
import { testFolder } from '../../util/test-folder.ts';
import { runsCommand } from './runs.ts';

interface Output {
  readonly out: string;
  readonly err: string;
}

async function runs(...argv: string[]): Promise<Output> {
  const written = { out: '', err: '' };
  const sink = (name: 'out' | 'err') => ({ write: (text: string) => (written[name] += text) });
  const nothing = (): never => assert.fail('not to be called');
  const io = { stdout: sink('out'), stderr: sink('err'), environment: {}, startHost: nothing, onStopSignal: nothing, exit: nothing };
  const command = runsCommand(io).exitOverride().configureOutput({ writeOut: (text) => void io.stdout.write(text), writeErr: (text) => void io.stderr.write(text) });
  await command.parseAsync(argv, { from: 'user' });
  return written;
}

const MODULE = Buffer.from('a module');
const MODULE_SHA256 = createHash('sha256').update(MODULE).digest('hex');

/** A data directory with one run: a file read, a denied write, and a fetch that was never answered. */
async function dataWithRun(t: TestContext): Promise<{ data: string; id: string }> {
  const data = await testFolder(t);
  const run = runEntry({ source: MODULE_SHA256 });
  const denied = packPayload({ code: 'permission_denied', message: 'No' });
  const entries: JournalEntry[] = [
    callEntry(0, '{"path":"in\u001b.txt"}'),
    replyEntry(0, { inline: true, activation: 0 }),
    { ...callEntry(1), head: { call: 1, id: 2, name: 'fs_write', op: 17 }, body: packPayload({ path: 'out.txt' }, new Uint8Array(2_048)) },
    restEntry(0, { calls: 2, replies: 1 }),
    { ...replyEntry(1, { activation: 1, status: 1, denied: 'fs_write: none' }), body: denied },
    { ...callEntry(2), head: { call: 2, id: 3, name: 'web_fetch', op: 32 }, body: packPayload({ url: 'https://a.example/' }) },
    restEntry(1, { calls: 3, replies: 2, pending: [2], steps: 2 }),
    endEntry(2, 'wall_limit'),
  ];
  const writer = new RunStore(data).create(run);
  for (const entry of entries) writer.append(entry);
  writer.commit();
  writer.close();
  mkdirSync(join(data, 'modules'));
  writeFileSync(join(data, 'modules', `${run.head.source}.wasm`), MODULE);
  return { data, id: run.head.id };
}

test('list: a table, or JSON', async (t) => {
  const { data, id } = await dataWithRun(t);
  const table = await runs('--data', data);
  assert.match(table.out, /^RUN +AGENT +STARTED +STATUS +STEPS +SIZE +MESSAGE\n/);
  assert.match(table.out, new RegExp(`^${id} +secret +\\d{4}-.*Z +wall_limit +2 +\\d+\\.\\d KB +Found it\n$`, 'm'));
  const [run] = JSON.parse((await runs('list', '--json', '--data', data)).out) as Record<string, unknown>[];
  assert.deepEqual([run?.['id'], run?.['status'], run?.['steps']], [id, 'wall_limit', 2]);
  assert.equal((await runs('list', '--data', await testFolder(t))).out, 'No runs. Start one: nanos run MANIFEST\n');
  new RunStore(data).create(runEntry()).close();
  assert.equal((await runs('list', '--limit', '1', '--data', data)).out.split('\n').length, 3);
});

test('show: the run, and a line for each step', async (t) => {
  const { data, id } = await dataWithRun(t);
  const { out } = await runs('show', 'last', '--data', data);
  assert.match(out, new RegExp(`^run +${id}\nagent +secret\ngoal +Find it\n`));
  assert.match(out, /^status +wall_limit: Found it$/m);
  assert.match(out, /^1 +fs_read +\{"path":"in\\u001b\.txt"\} +8 B +1000 +1\.0 MB +1\.5 ms$/m);
  assert.match(out, /^2 +fs_write +\{"path":"out\.txt"\} \+ 2\.0 KB +denied permission_denied +2000 +1\.0 MB/m);
  assert.match(out, /^- +web_fetch +\{"url":"https:\/\/a\.example\/"\} +pending +- +- +-$/m);
  const json = JSON.parse((await runs('show', id, '--json', '--data', data)).out) as { id: string; steps: { syscall: string; status: string }[] };
  assert.deepEqual([json.id, json.steps.map(({ syscall, status }) => `${syscall} ${status}`)], [id, ['fs_read result', 'fs_write denied', 'web_fetch pending']]);
});

test('show --verify finds what was changed', async (t) => {
  const { data, id } = await dataWithRun(t);
  assert.equal((await runs('show', id, '--verify', '--data', data)).err, 'All 9 entries are as they were written\n');
  const database = new DatabaseSync(join(data, 'runs', `${id}.sqlite`));
  database.exec("UPDATE entry SET body = x'00' WHERE n = 2");
  database.close();
  await assert.rejects(runs('show', id, '--verify', '--data', data), { code: 'recording_corrupt', message: 'Entry 2 of the recording does not have the hash that was recorded' });
});

test('export, import and delete', async (t) => {
  const { data, id } = await dataWithRun(t);
  const [file, elsewhere] = [join(await testFolder(t), 'run.sqlite'), await testFolder(t)];
  assert.equal((await runs('export', 'last', '-o', file, '--data', data)).err, `The run ${id} is in ${file}\n`);
  assert.match((await runs('show', file)).out, /^1 +fs_read/m);
  assert.deepEqual(JSON.parse((await runs('import', file, '--json', '--data', elsewhere)).out), { id });
  assert.equal((await runs('delete', id.slice(0, 12), '--data', elsewhere)).err, `The run ${id} is deleted\n`);
  await assert.rejects(runs('show', id, '--data', elsewhere), { code: 'not_found' });
  assert.ok(readFileSync(file).length > 0);
});

test('an export without the module fails', async (t) => {
  const { data } = await dataWithRun(t);
  const file = join(await testFolder(t), 'run.sqlite');
  writeFileSync(join(data, 'modules', `${MODULE_SHA256}.wasm`), 'another');
  await assert.rejects(runs('export', 'last', '-o', file, '--data', data), { code: 'not_found', message: /Run the agent once more/ });
});

test('wrong usage', async (t) => {
  const data = await testFolder(t);
  for (const argv of [['show'], ['list', '--limit', '0'], ['list', '--nothing'], ['import'], ['delete']]) await assert.rejects(runs(...argv), CommanderError, argv.join(' '));
  for (const argv of [['show', 'last'], ['export', 'last'], ['delete', 'zzz'], ['import', join(data, 'none.sqlite')]]) await assert.rejects(runs(...argv, '--data', data), { code: 'not_found' });
});

test('help names every command and option', () => {
  const nothing = (): never => assert.fail('not to be called');
  const sink = { write: nothing };
  const command = runsCommand({ stdout: sink, stderr: sink, environment: {}, startHost: nothing, onStopSignal: nothing, exit: nothing });
  let help = '';
  command.configureOutput({ writeOut: (text) => void (help += text) }).outputHelp();
  for (const subcommand of command.commands) {
    assert.match(help, new RegExp(`^  ${subcommand.name()} \\[options\\]`, 'm'));
    for (const { long } of subcommand.options) assert.ok(help.includes(long ?? '?'), long ?? '');
  }
});
