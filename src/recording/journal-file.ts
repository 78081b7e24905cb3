import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { RECORDING_FORMAT } from '../protocol/agent/recording.ts';
import { NanosError } from '../protocol/errors.ts';
import { withSqliteErrors } from './sqlite-error.ts';

/** "nano" in ASCII: what tells file(1) and us whose database it is. */
const APPLICATION_ID = 0x6e616e6f;
const BUSY_MS_MAX = 1_000;

/** The indexes find the newest snapshot before an activation, a call and the reply of a step, however long the run is. */
const SCHEMA = [
  'CREATE TABLE entry (n INTEGER PRIMARY KEY, kind TEXT NOT NULL, head TEXT NOT NULL, body BLOB, outside TEXT, hash BLOB NOT NULL, seal BLOB) STRICT',
  'CREATE TABLE module (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID',
  "CREATE INDEX entry_snapshot ON entry (json_extract(head, '$.activation'), json_extract(head, '$.snapshot.kind')) WHERE kind = 'rest' AND body IS NOT NULL",
  "CREATE INDEX entry_call ON entry (json_extract(head, '$.call')) WHERE kind = 'call'",
  "CREATE INDEX entry_step ON entry (json_extract(head, '$.step')) WHERE kind = 'reply' AND json_extract(head, '$.step') IS NOT NULL",
] as const;

/** No code in a schema runs with rights, sizes in pages are checked, and SQLite's own errors are not hidden. */
const GUARDS = 'PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;';

/**
 * A new, empty journal, mode 0600, in its first transaction. One that is `durable` is to be given to `waitForDisk` when that is over; one that is not is for a file that nobody sees until it is done: one that is left by a crash is thrown away.
 * Throws `run_exists` when the file is there.
 */
export function createJournalFile(file: string, { durable, bytesMax }: { durable: boolean; bytesMax: number }): DatabaseSync {
  createEmpty(file);
  return withSqliteErrors(file, () => {
    const database = new DatabaseSync(file, { timeout: BUSY_MS_MAX });
    // There is nothing to lose yet that would be worth waiting for the disk.
    database.exec('PRAGMA synchronous = OFF');
    prepareWriter(database, durable, bytesMax);
    database.exec('BEGIN IMMEDIATE');
    for (const statement of SCHEMA) database.exec(statement);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${RECORDING_FORMAT}`);
    return database;
  });
}

/** An existing journal, to be written on. Throws as `openJournalFile`. */
export function reopenJournalFile(file: string, { bytesMax }: { bytesMax: number }): DatabaseSync {
  return opened(file, false, (database) => {
    checkFormat(database, file);
    prepareWriter(database, true, bytesMax);
    waitForDisk(database);
  });
}

/** An existing journal, only to be read. Throws `not_found`, `recording_invalid`, `recording_unsupported`, `recording_corrupt`. */
export function openJournalFile(file: string): DatabaseSync {
  return opened(file, true, (database) => checkFormat(database, file));
}

/** From here on what a checkpoint moves out of the write-ahead log is on disk first. Before the first commit of a new journal there is nothing to lose, and SQLite would wait for the log's header. */
export function waitForDisk(database: DatabaseSync): void {
  database.exec('PRAGMA synchronous = NORMAL');
}

/** A journal, and what SQLite puts beside it. */
export function removeJournalFiles(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true });
}

function createEmpty(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause;
    throw new NanosError('run_exists', `The file ${file} exists already`, { cause });
  }
}

function opened(file: string, readOnly: boolean, prepare: (database: DatabaseSync) => void): DatabaseSync {
  // A pipe would be waited for, and a device is nobody's recording.
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) throw new NanosError('not_found', `There is no recording ${file}`);
  if (!found.isFile()) throw new NanosError('recording_invalid', `${file} is no file`);
  return withSqliteErrors(file, () => {
    const database = new DatabaseSync(file, { readOnly, timeout: BUSY_MS_MAX });
    try {
      database.exec(GUARDS);
      prepare(database);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/**
 * In the write-ahead log a commit is safe from a crash of the process; from a crash of the machine only with the next checkpoint.
 * The way into it, as the way out, keeps no journal on disk: one that a killed process left could not be rolled back by a reader.
 */
function prepareWriter(database: DatabaseSync, durable: boolean, bytesMax: number): void {
  const isThere = database.prepare('PRAGMA journal_mode').get()?.['journal_mode'] === 'wal';
  // a file that readers have open can't change its mode, and one that was put away need not
  if (!durable) database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF');
  else if (!isThere) database.exec('PRAGMA journal_mode = MEMORY; PRAGMA journal_mode = WAL');
  const pageBytes = Number(database.prepare('PRAGMA page_size').get()?.['page_size']);
  database.exec(`PRAGMA max_page_count = ${Math.ceil(bytesMax / pageBytes)}`);
}

function checkFormat(database: DatabaseSync, file: string): void {
  const application = Number(database.prepare('PRAGMA application_id').get()?.['application_id']);
  if (application !== APPLICATION_ID) throw new NanosError('recording_invalid', `The file ${file} is no recording`);
  const format = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  if (format !== RECORDING_FORMAT) {
    throw new NanosError('recording_unsupported', `The recording ${file} has format ${format}, and this nanos reads format ${RECORDING_FORMAT}. Use the nanos that made it, or a newer one`);
  }
  const found = database.prepare("SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_autoindex\\_%' ESCAPE '\\'").all().map(({ sql }) => sql);
  if (found.length !== SCHEMA.length || SCHEMA.some((statement) => !found.includes(statement))) {
    throw new NanosError('recording_invalid', `The file ${file} is no recording: its tables are not those of format ${RECORDING_FORMAT}`);
  }
}
