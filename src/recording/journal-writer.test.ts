import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fc } from '../util/test-properties.ts';
import type { JournalEntry } from '../protocol/agent/recording.ts';
import { SecretMask } from '../util/secret-mask.ts';
import { testFolder } from '../util/test-folder.ts';
import { JOURNAL_LIMITS } from './journal-limits.ts';
import { JournalReader } from './journal-reader.ts';
import { JournalWriter, type JournalWriterOptions } from './journal-writer.ts';
import { isRunLocked } from './run-lock.ts';
import { callEntry, endEntry, entriesOf, replyEntry, restEntry, runEntry } from './test-journal.ts';

function write(folder: string, entries: Iterable<JournalEntry>, options?: JournalWriterOptions): string {
  const writer = JournalWriter.create(folder, runEntry(), options);
  for (const entry of entries) writer.append(entry);
  writer.commit();
  writer.close();
  return writer.file;
}

function read(file: string): JournalEntry[] {
  const reader = JournalReader.open(file);
  try {
    reader.verify();
    return [...reader.entries()].map(({ entry }) => entry);
  } finally {
    reader.close();
  }
}

/** With bodies as plain bytes, whatever class they are of. */
function plain(entries: Iterable<JournalEntry>): unknown[] {
  return Array.from(entries, (entry) => ({ ...entry, ...(entry.body === undefined ? {} : { body: [...entry.body] }) }));
}

test('what was appended is read again', async (t) => {
  const folder = await testFolder(t);
  const text = fc.string({ unit: 'binary', maxLength: 40 });
  const bytes = fc.uint8Array({ maxLength: 300 });
  const step = fc.record({ args: bytes, result: bytes, denied: fc.option(text, { nil: undefined }), latencyUs: fc.option(fc.nat(), { nil: undefined }), status: fc.constantFrom(0 as const, 1 as const) });
  fc.assert(
    fc.property(text, fc.jsonValue(), fc.array(step, { maxLength: 6 }), text, (goal, manifest, steps, message) => {
      const run = runEntry({ goal, manifest });
      const entries: JournalEntry[] = steps.flatMap(({ args, result, denied, latencyUs, status }, index) => {
        const reply = replyEntry(index, { inline: true, activation: 0, status, ...(denied === undefined ? {} : { denied }) });
        const { outside: _given, ...bare } = { ...reply, body: result };
        return [{ ...callEntry(index), body: args }, latencyUs === undefined ? bare : { ...bare, outside: { latencyUs } }];
      });
      const rest = restEntry(0, { calls: steps.length, replies: steps.length });
      const end = { ...endEntry(steps.length), head: { ...endEntry(steps.length).head, message } };
      const writer = JournalWriter.create(folder, run);
      for (const entry of [...entries, rest, end]) writer.append(entry);
      writer.commit();
      writer.close();
      const expected = JSON.parse(JSON.stringify(plain([run, ...entries, rest, end]))) as unknown[];
      assert.deepEqual(JSON.parse(JSON.stringify(plain(read(writer.file)))), expected);
    }),
    { numRuns: 25 },
  );
});

test('only what was committed is on record', async (t) => {
  const folder = await testFolder(t);
  const writer = JournalWriter.create(folder, runEntry());
  writer.append(callEntry(0));
  writer.append(restEntry(0));
  writer.commit();
  writer.append(replyEntry(0));
  const reader = JournalReader.open(writer.file);
  assert.equal(reader.length, 3);
  writer.commit();
  assert.equal(reader.length, 4);
  reader.close();
  writer.append(restEntry(1, { calls: 1, pending: [] }));
  writer.close();
  assert.equal(read(writer.file).length, 4);
});

test('bytes are those of the moment of the append', async (t) => {
  const body = Buffer.from('before');
  const writer = JournalWriter.create(await testFolder(t), runEntry());
  writer.append({ ...callEntry(0), body });
  body.write('after!');
  writer.commit();
  writer.close();
  assert.equal(Buffer.from(read(writer.file)[1]?.body ?? []).toString(), 'before');
});

test('an entry that can’t come next is refused, and the journal stays usable', async (t) => {
  const writer = JournalWriter.create(await testFolder(t), runEntry());
  assert.throws(() => writer.append(callEntry(1)), TypeError);
  assert.throws(() => writer.append({ ...restEntry(0), head: { ...restEntry(0).head, fuel: String(1n), tokens: Number.NaN, calls: 0 } }), TypeError);
  writer.append(callEntry(0));
  writer.append(restEntry(0));
  writer.commit();
  writer.close();
  assert.equal(read(writer.file).length, 3);
});

test('a journal goes on where it was left', async (t) => {
  const entries = [...entriesOf(9)];
  for (const cut of [0, 1, 2, 3, 4, 5, 9, 26, 28]) {
    const file = write(await testFolder(t), entries.slice(0, cut));
    const writer = JournalWriter.continue(file);
    assert.equal(writer.entries, cut + 1);
    for (const entry of entries.slice(cut)) writer.append(entry);
    writer.append(endEntry(9));
    writer.commit();
    writer.close();
    assert.deepEqual(plain(read(file).slice(1)), plain([...entries, endEntry(9)]));
  }
});

test('a fork from a snapshot goes on, too, before and after its first rest', async (t) => {
  const run = runEntry({ fork: { run: runEntry().head.id, step: 5, base: 4 } });
  const writer = JournalWriter.create(await testFolder(t), run);
  writer.append(callEntry(3));
  writer.commit();
  writer.close();
  const second = JournalWriter.continue(writer.file);
  second.append(callEntry(7));
  second.append(restEntry(4, { calls: 9, replies: 6, pending: [3, 7] }));
  second.commit();
  second.close();
  const third = JournalWriter.continue(writer.file);
  assert.deepEqual(third.counts, { calls: 9, replies: 6 });
  third.append(replyEntry(7, { seq: 6, activation: 5 }));
  third.commit();
  third.close();
  assert.equal(read(writer.file).length, 5);
});

test('a run that is over is one file, mode 0600, and does not go on', async (t) => {
  const folder = await testFolder(t);
  const file = write(join(folder, 'runs'), [...entriesOf(2), endEntry(2)]);
  assert.deepEqual(readdirSync(join(folder, 'runs')).map((name) => join(folder, 'runs', name)), [file]);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, 'runs')).mode & 0o777, 0o700);
  assert.throws(() => JournalWriter.continue(file), { code: 'usage' });
  assert.throws(() => JournalWriter.continue(join(folder, 'none.sqlite')), { code: 'not_found' });
});

test('an uncertain run goes on after its end', async (t) => {
  const file = write(await testFolder(t), [callEntry(0), restEntry(0), endEntry(0, 'uncertain')]);
  const writer = JournalWriter.continue(file);
  writer.append(replyEntry(0));
  writer.commit();
  writer.close();
  assert.equal(read(file).at(-1)?.kind, 'reply');
});

test('a run has one writer, in this process and in others', async (t) => {
  const folder = await testFolder(t);
  const writer = JournalWriter.create(folder, runEntry());
  assert.throws(() => JournalWriter.continue(writer.file), { code: 'run_in_use' });
  assert.equal(inChild(writer.file), 'run_in_use');
  assert.equal(isRunLocked(writer.file), true);
  writer.append(callEntry(0));
  writer.commit();
  writer.close();
  assert.equal(isRunLocked(writer.file), false);
  assert.equal(inChild(writer.file), 'continued');
});

/** What a second process says when it tries to go on with the run. */
function inChild(file: string): string {
  const code = `const { JournalWriter } = await import(${JSON.stringify(new URL('journal-writer.ts', import.meta.url).href)});
    try { JournalWriter.continue(process.argv[1]).close(); console.log('continued'); } catch (error) { console.log(error.code); }`;
  const child = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code, file], { encoding: 'utf8' });
  return child.stdout.trim();
}

test('a name that is there, and an id that is none', async (t) => {
  const folder = await testFolder(t);
  const run = runEntry();
  JournalWriter.create(folder, run).close();
  assert.throws(() => JournalWriter.create(folder, run), { code: 'run_exists' });
  assert.throws(() => JournalWriter.create(folder, runEntry({ id: '../../elsewhere0000000' })), TypeError);
});

test('a journal that can’t grow says so, and keeps what was committed', async (t) => {
  const folder = await testFolder(t);
  const limits = { ...JOURNAL_LIMITS, journalBytesMax: 200_000 };
  const writer = JournalWriter.create(folder, runEntry(), { limits });
  writer.append(callEntry(0));
  writer.commit();
  assert.throws(
    () => {
      for (let call = 1; call < 100; call++) writer.append(callEntry(call, 'x'.repeat(10_000)));
      writer.commit();
    },
    { code: 'recording_full' },
  );
  assert.throws(() => writer.commit(), { code: 'recording_full' });
  writer.close();
  assert.equal(read(writer.file).length, 2);
  assert.ok(statSync(writer.file).size <= 200_704);
});

test('entries are as large as they may be, and not larger', async (t) => {
  const limits = { ...JOURNAL_LIMITS, headBytesMax: 1_000, bodyBytesMax: 2_000 };
  const writer = JournalWriter.create(await testFolder(t), runEntry(), { limits });
  writer.append(callEntry(0, 'x'.repeat(2_000)));
  assert.throws(() => writer.append(callEntry(1, 'x'.repeat(2_001))), { code: 'recording_full' });
  const bare = JSON.stringify({ ...endEntry(0).head, message: '' }).length;
  const end = (length: number): JournalEntry => ({ ...endEntry(0), head: { ...endEntry(0).head, message: 'x'.repeat(length) } });
  assert.throws(() => writer.append(end(1_001 - bare)), { code: 'recording_full' });
  writer.append(end(1_000 - bare));
  writer.commit();
  writer.close();
  assert.equal(read(writer.file).length, 3);
});

test('known secrets are not written, in no form', async (t) => {
  const secret = 'pa"ss wörd/4711';
  const forms = [secret, JSON.stringify(secret), encodeURIComponent(secret), Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('base64url')];
  const mask = new SecretMask([secret]);
  const run = runEntry({ name: secret, goal: `use ${secret}`, manifest: { [secret]: [secret, { deep: forms }] }, fork: { run: runEntry().head.id, step: 1, edit: { a: secret }, goal: secret } });
  const writer = JournalWriter.create(await testFolder(t), run, { mask });
  writer.append(callEntry(0, JSON.stringify(forms)));
  writer.append({ ...replyEntry(0, { inline: true, activation: 0, denied: secret }), body: Buffer.from(forms.join('\n')) });
  writer.append({ ...endEntry(1), head: { ...endEntry(1).head, message: `it is ${secret}` } });
  writer.commit();
  writer.close();
  const database = new DatabaseSync(writer.file, { readOnly: true });
  const written = database.prepare('SELECT head, CAST(body AS TEXT) AS body FROM entry').all().map(({ head, body }) => `${String(head)} ${String(body)}`).join('\n');
  database.close();
  for (const form of forms) assert.ok(!written.includes(form), form);
  assert.ok(written.includes('use [secret]'));
  assert.equal(read(writer.file).length, 4);
});

test('a size grows with the steps, and no faster', async (t) => {
  const folder = await testFolder(t);
  const bytesOf = (steps: number): number => statSync(write(folder, [...entriesOf(steps), endEntry(steps)])).size;
  const [small, large] = [bytesOf(500), bytesOf(10_000)];
  t.diagnostic(`${Math.round(large / 10_000)} bytes a step of call, reply and rest`);
  assert.ok(large < small * 21, `${small} bytes for 500 steps, ${large} for 10,000`);
});

test('a kill at any instant leaves a prefix of what was committed', async (t) => {
  const folder = await testFolder(t);
  const delays = fc.sample(fc.integer({ min: 0, max: 60 }), { numRuns: 12 });
  for (const [index, delayMs] of delays.entries()) {
    const id = runEntry().head.id;
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', ENDLESS, folder, id], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    await once(child.stdout, 'data');
    await sleep(delayMs);
    child.kill('SIGKILL');
    await once(child, 'close');
    const committed = Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
    const file = join(folder, `${id}.sqlite`);
    assert.ok(existsSync(file));
    const entries = read(file);
    assert.ok(entries.length >= committed, `kill ${index}: ${committed} entries were committed, ${entries.length} are there`);
    assert.deepEqual(plain(entries.slice(1)), plain(take(entriesOf(1_000_000), entries.length - 1)));
    assert.equal(entries.at(-1)?.kind === 'rest' || entries.length === 1, true, 'a step is there as a whole');
    const writer = JournalWriter.continue(file);
    assert.equal(writer.entries, entries.length);
    writer.close();
  }
});

function take<T>(values: Generator<T>, count: number): T[] {
  return Array.from({ length: count }, () => values.next().value as T);
}

/** Appends without end, a commit at each rest, and says how many entries are committed by then. */
const ENDLESS = `
  import { writeSync } from 'node:fs';
  const { JournalWriter } = await import(${JSON.stringify(new URL('journal-writer.ts', import.meta.url).href)});
  const { entriesOf, runEntry } = await import(${JSON.stringify(new URL('test-journal.ts', import.meta.url).href)});
  const [folder, id] = process.argv.slice(1);
  const writer = JournalWriter.create(folder, runEntry({ id }));
  for (const entry of entriesOf(1_000_000)) {
    writer.append(entry);
    if (entry.kind !== 'rest') continue;
    writer.commit();
    writeSync(1, writer.entries + '\\n');
  }`;

test('a journal that was put away goes on where it was, and needs nothing beside it meanwhile', async (t) => {
  const writer = JournalWriter.create(await testFolder(t), runEntry());
  const [call, rest, ...more] = [...entriesOf(2), endEntry(2)];
  writer.append(call ?? assert.fail());
  writer.putAway();
  assert.ok(existsSync(`${writer.file}-wal`), 'what is not committed keeps it open');
  writer.append(rest ?? assert.fail());
  writer.commit();
  writer.putAway();
  writer.putAway();
  assert.ok(!existsSync(`${writer.file}-wal`));
  assert.throws(() => JournalWriter.continue(writer.file), { code: 'run_in_use' });
  for (const entry of more) {
    writer.append(entry);
    writer.commit();
    writer.putAway();
  }
  writer.close();
  const reader = JournalReader.open(writer.file);
  assert.equal(reader.verify().entries, 3 + more.length);
  reader.close();
});

test('a journal that was changed while it was put away is not written on', async (t) => {
  const writer = JournalWriter.create(await testFolder(t), runEntry());
  const entries = [...entriesOf(1)];
  for (const entry of entries) writer.append(entry);
  writer.commit();
  writer.putAway();
  const database = new DatabaseSync(writer.file);
  database.exec('DELETE FROM entry WHERE n = (SELECT max(n) FROM entry)');
  database.close();
  writer.append(endEntry(1));
  assert.throws(() => writer.commit(), { code: 'recording_corrupt' });
  assert.throws(() => writer.commit(), { code: 'recording_full' });
  writer.close();
});
