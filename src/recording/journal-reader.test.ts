import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import type { JournalEntry, RunEntry } from '../protocol/agent/recording.ts';
import { testFolder } from '../util/test-folder.ts';
import { copyJournal } from './copy-journal.ts';
import { encodeEntry, FIRST_HASH } from './entry-row.ts';
import { createJournalFile } from './journal-file.ts';
import { JOURNAL_LIMITS } from './journal-limits.ts';
import { JournalReader } from './journal-reader.ts';
import { JournalWriter } from './journal-writer.ts';
import { callEntry, endEntry, entriesOf, replyEntry, restEntry, runEntry } from './test-journal.ts';

async function journal(t: TestContext, steps = 3, run: RunEntry = runEntry()): Promise<string> {
  const writer = JournalWriter.create(await testFolder(t), run);
  for (const entry of [...entriesOf(steps), endEntry(steps)]) writer.append(entry);
  writer.commit();
  writer.close();
  return writer.file;
}

function verify(file: string): void {
  const reader = JournalReader.open(file);
  try {
    reader.verify();
  } finally {
    reader.close();
  }
}

/** Changes the file by SQL while `check` runs. */
function changed(file: string, sql: string, check: () => void, ...values: (Uint8Array | number | string | null)[]): void {
  const database = new DatabaseSync(file);
  try {
    database.exec('BEGIN');
    database.prepare(sql).run(...values);
    database.exec('COMMIT');
    check();
  } finally {
    database.close();
  }
}

test('every flipped byte of every row is found', async (t) => {
  const file = await journal(t, 1);
  const database = new DatabaseSync(file);
  const rows = database.prepare('SELECT n, kind, CAST(head AS BLOB) AS head, body, CAST(outside AS BLOB) AS outside, hash, seal FROM entry').all();
  let flipped = 0;
  for (const row of rows) {
    for (const column of ['kind', 'head', 'body', 'outside', 'hash', 'seal']) {
      const value = typeof row[column] === 'string' ? Buffer.from(row[column]) : row[column];
      if (!(value instanceof Uint8Array)) continue;
      const isText = column === 'kind' || column === 'head' || column === 'outside';
      const update = database.prepare(`UPDATE entry SET ${column} = ${isText ? 'CAST(? AS TEXT)' : '?'} WHERE n = ?`);
      for (const index of value.keys()) {
        const other = Uint8Array.from(value);
        other[index] = (other[index] ?? 0) ^ (1 << index % 8);
        try {
          update.run(other, Number(row['n']));
        } catch {
          // The indexes take no head that is no JSON.
          continue;
        }
        assert.throws(() => verify(file), { code: 'recording_corrupt' }, `${column} of entry ${String(row['n'])}, byte ${index}`);
        flipped++;
      }
      update.run(value, Number(row['n']));
    }
  }
  database.close();
  verify(file);
  assert.ok(flipped > 700, String(flipped));
  t.diagnostic(`${flipped} flipped bytes found`);
});

test('a flipped byte anywhere in the file changes nothing that is read unseen', async (t) => {
  const file = await journal(t, 2);
  const intact = readFileSync(file);
  const expected = contents(file);
  const target = join(await testFolder(t), 'flipped.sqlite');
  for (let index = 0; index < intact.length; index += 13) {
    const bytes = Buffer.from(intact);
    bytes[index] = (bytes[index] ?? 0) ^ (1 << index % 8);
    writeFileSync(target, bytes);
    let found: unknown;
    try {
      found = contents(target);
    } catch (error) {
      assert.match(String((error as { code?: string }).code), /^(?:recording_\w+|folder_unreadable|run_in_use)$/u, `${index}: ${String(error)}`);
      continue;
    }
    assert.deepEqual(found, expected, String(index));
  }
});

function contents(file: string): unknown {
  const reader = JournalReader.open(file);
  try {
    reader.verify();
    return [...reader.entries()].map(({ n, entry }) => [n, entry.kind, JSON.stringify(entry.head), Buffer.from(entry.body ?? []).toString('hex'), 'outside' in entry ? entry.outside : undefined]);
  } finally {
    reader.close();
  }
}

test('rows that are missing, moved, doubled or added are found', async (t) => {
  const file = await journal(t);
  const intact = readFileSync(file);
  const changes = [
    'DELETE FROM entry WHERE n = 0',
    'DELETE FROM entry WHERE n = 4',
    'UPDATE entry SET n = n + 1000 WHERE n = 4',
    'UPDATE entry SET n = CASE n WHEN 4 THEN -5 ELSE n END',
    'UPDATE entry SET outside = NULL, seal = NULL WHERE outside IS NOT NULL',
    "UPDATE entry SET outside = '{}' WHERE outside IS NOT NULL",
    "UPDATE entry SET body = NULL WHERE kind = 'reply'",
    "UPDATE entry SET body = x'' WHERE kind = 'end'",
    "UPDATE entry SET head = head || ' ' WHERE n = 3",
    "UPDATE entry SET head = head || char(0) || 'x' WHERE n = 11",
    'INSERT INTO entry SELECT n + 1000, kind, head, body, outside, hash, seal FROM entry WHERE n = 4',
    'INSERT INTO entry SELECT 12, kind, head, body, outside, hash, seal FROM entry WHERE n = 11',
    'INSERT INTO entry SELECT 9223372036854775807, kind, head, body, outside, hash, seal FROM entry WHERE n = 11',
  ];
  for (const sql of changes) {
    try {
      changed(file, sql, () => assert.throws(() => verify(file), { code: 'recording_corrupt' }, sql));
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('malformed JSON'))) throw error;
    }
    writeFileSync(file, intact);
  }
});

test('a run that lost its last entries is one without an end', async (t) => {
  const file = await journal(t);
  changed(file, "DELETE FROM entry WHERE kind = 'end'", () => {
    const reader = JournalReader.open(file);
    assert.equal(reader.verify().end, undefined);
    reader.close();
  });
});

test('entries by number, call, step and range', async (t) => {
  const reader = JournalReader.open(await journal(t, 5));
  assert.equal(reader.length, 18);
  assert.deepEqual([...reader.entries({ from: 3, to: 6 })].map(({ n }) => n), [3, 4, 5]);
  assert.equal(reader.entry(99), undefined);
  assert.equal(reader.entry(-1), undefined);
  assert.deepEqual(reader.call(4)?.entry.head, callEntry(4).head);
  assert.equal(reader.call(5), undefined);
  assert.deepEqual(reader.step(5)?.entry.head, replyEntry(4).head);
  assert.equal(reader.step(6), undefined);
  assert.equal(reader.step(0), undefined);
  assert.equal(reader.lastRest()?.entry.head.activation, 5);
  assert.equal(reader.last().entry.kind, 'end');
  reader.close();
});

test('the newest snapshot before an activation comes with its keyframe', async (t) => {
  const reader = JournalReader.open(await journal(t, 10));
  const bodies = (activation: number): string[] | undefined => reader.snapshotBefore(activation)?.bodies.map((body) => Buffer.from(body).toString());
  assert.deepEqual(bodies(0), ['key 0']);
  assert.deepEqual(bodies(3), ['key 0', 'delta 1', 'delta 2', 'delta 3']);
  assert.deepEqual(bodies(4), ['key 4']);
  assert.deepEqual(bodies(99), ['key 8', 'delta 9', 'delta 10']);
  assert.equal(reader.snapshotBefore(6)?.entry.head.activation, 6);
  assert.equal(reader.snapshotBefore(-1), undefined);
  reader.close();
});

test('a snapshot is read with those that it is based on and no others', async (t) => {
  const reader = JournalReader.open(await basedJournal(t, [undefined, 0, 0, 2, 0, 4, 4, 6]));
  const bodies = (activation: number): string[] | undefined => reader.snapshotBefore(activation)?.bodies.map((body) => Buffer.from(body).toString());
  assert.deepEqual(bodies(3), ['0', '2', '3']);
  assert.deepEqual(bodies(7), ['0', '4', '6', '7']);
  const upTo = (last: string): string[] | undefined => reader.snapshotBefore(7, (body) => Buffer.from(body).toString() === last)?.bodies.map((body) => Buffer.from(body).toString());
  assert.deepEqual(upTo('4'), ['4', '6', '7'], 'what that is based on is at hand');
  assert.deepEqual(upTo('7'), ['7']);
  assert.deepEqual(upTo('0'), ['0', '4', '6', '7']);
  reader.close();
});

test('a snapshot that is based on none, a later one, or on more than any is not read', async (t) => {
  const refused = async (bases: readonly (number | 'none' | undefined)[], message: RegExp): Promise<void> => {
    const reader = JournalReader.open(await basedJournal(t, bases));
    assert.throws(() => reader.snapshotBefore(bases.length), { code: 'recording_corrupt', message });
    reader.close();
  };
  await refused([undefined, 1], /based on a later one/u);
  await refused([undefined, 5], /based on a later one/u);
  await refused(['none', 0], /activation 0, which has none/u);
  const chain = (length: number): (number | undefined)[] => Array.from({ length }, (_, index) => (index === 0 ? undefined : index - 1));
  await refused(chain(33), /too many or too large/u);
  const reader = JournalReader.open(await basedJournal(t, chain(32)));
  assert.equal(reader.snapshotBefore(32)?.bodies.length, 32);
  reader.close();
});

test('of a chain that is too large nothing is read', async (t) => {
  const file = await basedJournal(t, [undefined, 0, 1]);
  changed(file, 'UPDATE entry SET body = zeroblob(?) WHERE kind = \'rest\'', () => {
    const reader = JournalReader.open(file);
    assert.throws(() => reader.snapshotBefore(3), { code: 'recording_corrupt', message: /too many or too large/u });
    reader.close();
  }, 300 * 1024 * 1024);
});

/** A rest for each activation, with a snapshot based on that of another one; undefined: a keyframe. */
async function basedJournal(t: TestContext, bases: readonly (number | 'none' | undefined)[]): Promise<string> {
  const writer = JournalWriter.create(await testFolder(t), runEntry());
  for (const [step, base] of bases.entries()) {
    if (step > 0) writer.append(replyEntry(step - 1));
    writer.append(callEntry(step));
    const snapshot = base === undefined ? { kind: 'key' as const } : { kind: 'delta' as const, base: Number(base) };
    writer.append(base === 'none' ? restEntry(step) : restEntry(step, { snapshot }, Buffer.from(String(step))));
  }
  writer.commit();
  writer.close();
  return writer.file;
}

test('rests without a snapshot are passed over', async (t) => {
  const writer = JournalWriter.create(await testFolder(t), runEntry());
  const entries = [callEntry(0), restEntry(0), replyEntry(0), callEntry(1), restEntry(1, { snapshot: { kind: 'key' } }, Buffer.from('key 1')), replyEntry(1), restEntry(2, { calls: 2, snapshot: { refused: 'live stack' } })];
  for (const entry of entries) writer.append(entry);
  writer.commit();
  const reader = JournalReader.open(writer.file);
  assert.equal(reader.snapshotBefore(0), undefined);
  assert.equal(reader.snapshotBefore(2)?.entry.head.activation, 1);
  reader.close();
  writer.close();
});

test('a stranger’s hashes do not make an entry one of ours', async (t) => {
  const folder = await testFolder(t);
  const wrong: [string, object][] = [
    ['a key more', { ...endEntry(0), head: { ...endEntry(0).head, extra: 1 } }],
    ['a number that is none', { ...endEntry(0), head: { ...endEntry(0).head, fuel: '0x10' } }],
    ['an unknown end', { ...endEntry(0), head: { ...endEntry(0).head, end: 'won' } }],
    ['an unknown syscall', { ...callEntry(0), head: { ...callEntry(0).head, name: 'exec' } }],
    ['an unknown kind', { kind: 'note', head: {} }],
    ['a reply to no call', replyEntry(0)],
    ['a head that is none', { kind: 'end', head: 'done' }],
    ['a body where there is none', { ...endEntry(0), body: Buffer.from('x') }],
    ['a negative step', { ...replyEntry(0), head: { ...replyEntry(0).head, step: -1 } }],
    ['a path for an id', runEntry({ id: '../../../etc/passwd' })],
  ];
  for (const [index, [what, entry]] of wrong.entries()) {
    const file = join(folder, `${index}.sqlite`);
    forge(file, [runEntry(), entry as JournalEntry]);
    assert.throws(() => verify(file), { code: 'recording_corrupt' }, what);
  }
  const file = join(folder, 'id.sqlite');
  forge(file, [runEntry({ id: '../../../etc/passwd' })]);
  assert.throws(() => verify(file), { code: 'recording_corrupt' });
});

/** With hashes that are right, as anybody can make them. */
function forge(file: string, entries: readonly JournalEntry[]): void {
  const database = createJournalFile(file, { durable: false, bytesMax: JOURNAL_LIMITS.journalBytesMax });
  const insert = database.prepare('INSERT INTO entry (n, kind, head, body, outside, hash, seal) VALUES (?, ?, ?, ?, ?, ?, ?)');
  let hash: Uint8Array = FIRST_HASH;
  for (const [n, entry] of entries.entries()) {
    const row = encodeEntry(n, entry, hash, JOURNAL_LIMITS);
    insert.run(row.n, row.kind, row.head, row.body, row.outside, row.hash, row.seal);
    hash = row.hash;
  }
  database.exec('COMMIT');
  database.close();
}

test('files that are no recording of this format are refused by name', async (t) => {
  const folder = await testFolder(t, { 'text.sqlite': 'not a database, whatever it is called', 'empty.sqlite': '' });
  const file = await journal(t);
  const change = (name: string, sql: string): string => {
    const target = join(folder, name);
    copyFileSync(file, target);
    const database = new DatabaseSync(target);
    database.exec(sql);
    database.close();
    return target;
  };
  execFileSync('mkfifo', [join(folder, 'pipe.sqlite')]);
  const wrong: [string, string, RegExp][] = [
    [join(folder, 'none.sqlite'), 'not_found', /There is no recording/],
    [folder, 'recording_invalid', /is no file/],
    [join(folder, 'pipe.sqlite'), 'recording_invalid', /is no file/],
    [join(folder, 'text.sqlite'), 'recording_invalid', /not a database/],
    [join(folder, 'empty.sqlite'), 'recording_invalid', /is no recording/],
    [change('other.sqlite', 'PRAGMA application_id = 1'), 'recording_invalid', /is no recording/],
    [change('newer.sqlite', 'PRAGMA user_version = 3'), 'recording_unsupported', /has format 3, and this nanos reads format 2/],
    [change('older.sqlite', 'PRAGMA user_version = 0'), 'recording_unsupported', /has format 0/],
    [change('trigger.sqlite', 'CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry; END'), 'recording_invalid', /tables are not those/],
    [change('view.sqlite', 'ALTER TABLE entry RENAME TO other; CREATE VIEW entry AS SELECT * FROM other'), 'recording_invalid', /tables are not those/],
    [change('table.sqlite', 'CREATE TABLE more (x)'), 'recording_invalid', /tables are not those/],
    [change('virtual.sqlite', 'CREATE VIRTUAL TABLE more USING fts5(x)'), 'recording_invalid', /tables are not those/],
    [change('fewer.sqlite', 'DROP TABLE module'), 'recording_invalid', /tables are not those/],
    [change('no-index.sqlite', 'DROP INDEX entry_step'), 'recording_invalid', /tables are not those/],
    [change('no-entries.sqlite', 'DELETE FROM entry'), 'recording_corrupt', /beginning/],
  ];
  for (const [target, code, message] of wrong) assert.throws(() => JournalReader.open(target), { code, message }, target);
});

test('a recording that is cut off anywhere is refused', async (t) => {
  const file = await journal(t);
  const bytes = readFileSync(file);
  const target = join(await testFolder(t), 'cut.sqlite');
  for (let length = 0; length < bytes.length; length += 512) {
    writeFileSync(target, bytes.subarray(0, length));
    assert.throws(() => verify(target), ({ code }: { code: string }) => /^recording_(?:invalid|corrupt|unsupported)$/u.test(code), String(length));
  }
});

test('a recording carries the module that was given, and no other', async (t) => {
  const module = Buffer.from('a module');
  const hash = createHash('sha256').update(module).digest('hex');
  const source = JournalReader.open(await journal(t, 1, runEntry({ source: hash })));
  const file = join(await testFolder(t), 'run.sqlite');
  await assert.rejects(copyJournal(source, file, { module: Buffer.from('another'), replace: false }), { code: 'recording_corrupt' });
  await copyJournal(source, file, { module, replace: false });
  assert.equal(source.module(), undefined);
  source.close();
  const reader = JournalReader.open(file);
  assert.deepEqual(Buffer.from(reader.module() ?? []), module);
  reader.close();
  changed(file, 'UPDATE module SET bytes = ?', () => assert.throws(() => verify(file), { code: 'recording_corrupt' }), Buffer.from('b module'));
  changed(file, 'UPDATE module SET hash = ?', () => assert.throws(() => verify(file), { code: 'recording_corrupt' }), '00'.repeat(32));
  changed(file, 'INSERT INTO module SELECT ?, bytes FROM module', () => assert.throws(() => verify(file), { code: 'recording_corrupt' }), hash);
});

test('what is read at once is of one moment, however the journal is written on', async (t) => {
  const writer = JournalWriter.create(await testFolder(t), runEntry());
  const entries = [...entriesOf(3), endEntry(3)];
  const reader = JournalReader.open(writer.file);
  t.after(() => reader.close());
  for (const [at, entry] of entries.entries()) {
    const seen = reader.atOnce(() => {
      const before = reader.length;
      writer.append(entry);
      writer.commit();
      return [before, reader.length, reader.last().n];
    });
    assert.deepEqual(seen, [at + 1, at + 1, at]);
    assert.equal(reader.length, at + 2);
  }
  writer.close();
  assert.throws(() => reader.atOnce(() => assert.fail('thrown inside')), /thrown inside/u);
  assert.equal(reader.atOnce(() => reader.length), entries.length + 1, 'and can be asked again');
});
