import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { NanosError } from '../protocol/errors.ts';
import { advance, START } from './entry-order.ts';
import { corrupt, encodeEntry, FIRST_HASH } from './entry-row.ts';
import { createJournalFile, removeJournalFiles } from './journal-file.ts';
import { JOURNAL_LIMITS } from './journal-limits.ts';
import type { JournalReader } from './journal-reader.ts';
import { withSqliteErrors } from './sqlite-error.ts';

/** Others get their turn after so many entries. */
const ENTRIES_A_TURN = 64;

export interface CopyOptions {
  /** as it was given, to go with it */
  readonly module?: Uint8Array | undefined;
  /** else `run_exists` is thrown when the target is there */
  readonly replace: boolean;
  /** how much is done, from 0 to 1 */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** The ending of files that are half made. */
export const HALF_MADE = '.half-made';

/**
 * Writes a journal anew, checking everything in it, to one file that needs nothing beside it and appears whole or not at all. None of the source's own
 * SQL or pages gets into the copy. Throws `recording_corrupt`, `recording_full`, `run_exists`.
 */
export async function copyJournal(reader: JournalReader, target: string, { module, replace, onProgress }: CopyOptions): Promise<void> {
  const temporary = join(dirname(target), `.${randomBytes(8).toString('hex')}${HALF_MADE}`);
  try {
    reader.checkDatabase();
    const database = createJournalFile(temporary, { durable: false, bytesMax: JOURNAL_LIMITS.journalBytesMax });
    try {
      await copyEntries(reader, database, temporary, onProgress);
      if (module !== undefined) insertModule(reader, database, temporary, module);
      withSqliteErrors(temporary, () => database.exec('COMMIT'));
    } finally {
      database.close();
    }
    publish(temporary, target, replace);
  } finally {
    removeJournalFiles(temporary);
  }
}

async function copyEntries(reader: JournalReader, database: DatabaseSync, file: string, onProgress: CopyOptions['onProgress']): Promise<void> {
  const insert = database.prepare('INSERT INTO entry (n, kind, head, body, outside, hash, seal) VALUES (?, ?, ?, ?, ?, ?, ?)');
  const { length } = reader;
  let position = START;
  let hash: Uint8Array = FIRST_HASH;
  for (const { n, entry } of reader.entries({ to: length })) {
    const next = advance(position, entry);
    if (typeof next === 'string') throw corrupt(n, next);
    const row = encodeEntry(n, entry, hash, JOURNAL_LIMITS);
    withSqliteErrors(file, () => insert.run(row.n, row.kind, row.head, row.body, row.outside, row.hash, row.seal));
    position = next;
    hash = row.hash;
    if (n % ENTRIES_A_TURN === 0) {
      onProgress?.(n / length);
      await setImmediate();
    }
  }
  if (position.entries !== length) throw corrupt(position.entries, 'is missing');
  onProgress?.(1);
}

function insertModule(reader: JournalReader, database: DatabaseSync, file: string, module: Uint8Array): void {
  const hash = createHash('sha256').update(module).digest('hex');
  if (hash !== reader.run.head.source) throw new NanosError('recording_corrupt', `The module for the recording ${reader.file} is not the one that ran`);
  withSqliteErrors(file, () => database.prepare('INSERT INTO module (hash, bytes) VALUES (?, ?)').run(hash, module));
}

function publish(temporary: string, target: string, replace: boolean): void {
  const descriptor = openSync(temporary, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
  if (replace) return renameSync(temporary, target);
  try {
    linkSync(temporary, target);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause;
    throw new NanosError('run_exists', `The file ${target} is there already`, { cause });
  }
  rmSync(temporary);
}
