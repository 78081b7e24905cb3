import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { JournalEntry, RunEntry } from '../protocol/agent/recording.ts';
import { NanosError } from '../protocol/errors.ts';
import { advance, isFinal, START, type OrderPosition } from './entry-order.ts';
import { chainRow, FIRST_HASH, rowOf, type UnchainedRow } from './entry-row.ts';
import { createJournalFile, removeJournalFiles, reopenJournalFile, waitForDisk } from './journal-file.ts';
import { JOURNAL_LIMITS, type JournalLimits } from './journal-limits.ts';
import { JournalReader } from './journal-reader.ts';
import { maskEntry, type Mask } from './mask-entry.ts';
import { RUN_ID_PATTERN } from './run-id.ts';
import { takeRunLock, type RunLock } from './run-lock.ts';
import { withSqliteErrors } from './sqlite-error.ts';

export interface JournalWriterOptions {
  /** of the secrets that are known to the host */
  readonly mask?: Mask | undefined;
  readonly limits?: JournalLimits | undefined;
}

/** So much waits in memory for `commit`; more is given to SQLite before. */
const WAITING_BYTES_MAX = 256 * 1024;
const WAITING_ROWS_MAX = 1_024;

const NO_MASK: Mask = { text: (text) => text, bytes: (bytes) => bytes };

/**
 * Writes one run's journal, synchronously and alone. What was appended is on record once `commit` returns, all of it or nothing:
 * it then survives the death of the process, and with the next checkpoint that of the machine.
 *
 * A failed write (`recording_full`, `folder_unreadable`) gives up what was not committed; after it nothing can be written any more.
 */
export class JournalWriter {
  readonly file: string;
  readonly #lock: RunLock;
  /** undefined while the journal is put away */
  #open: OpenJournal | undefined;
  readonly #mask: Mask;
  readonly #limits: JournalLimits;
  #position: OrderPosition;
  /** of the last row that SQLite has */
  #hash: Uint8Array;
  #waiting: (() => UnchainedRow)[] = [];
  #waitingBytes = 0;
  #state: 'rests' | 'transaction' | 'failed' | 'closed' = 'rests';

  private constructor(file: string, database: DatabaseSync, lock: RunLock, last: { position: OrderPosition; hash: Uint8Array }, options: JournalWriterOptions) {
    this.file = file;
    this.#open = openJournal(database);
    this.#lock = lock;
    this.#mask = options.mask ?? NO_MASK;
    this.#limits = options.limits ?? JOURNAL_LIMITS;
    this.#position = last.position;
    this.#hash = last.hash;
  }

  /** A new journal, `<folder>/<id>.sqlite`, with its first entry committed. Throws `run_exists`, `recording_full`. */
  static create(folder: string, run: RunEntry, options: JournalWriterOptions = {}): JournalWriter {
    if (!RUN_ID_PATTERN.test(run.head.id)) throw new TypeError(`${JSON.stringify(run.head.id)} is no id of a run`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, `${run.head.id}.sqlite`);
    return locked(file, (lock) => {
      const database = createJournalFile(file, { durable: true, bytesMax: (options.limits ?? JOURNAL_LIMITS).journalBytesMax });
      try {
        const writer = new JournalWriter(file, database, lock, { position: START, hash: FIRST_HASH }, options);
        writer.#state = 'transaction';
        writer.append(run);
        writer.commit();
        waitForDisk(database);
        return writer;
      } catch (error) {
        database.close();
        removeJournalFiles(file);
        throw error;
      }
    });
  }

  /** Goes on with a journal whose run is not over. Throws `run_in_use`, `not_found`, `recording_corrupt`, `usage` when the run is over. */
  static continue(file: string, options: JournalWriterOptions = {}): JournalWriter {
    if (!existsSync(file)) throw new NanosError('not_found', `There is no recording ${file}`);
    return locked(file, (lock) => {
      const last = lastOf(file);
      const database = reopenJournalFile(file, { bytesMax: (options.limits ?? JOURNAL_LIMITS).journalBytesMax });
      return new JournalWriter(file, database, lock, last, options);
    });
  }

  /** How many entries there are, those that wait for `commit` included. */
  get entries(): number {
    return this.#position.entries;
  }

  /** The number of replies, which is the `seq` of the next one; likewise for calls. */
  get counts(): { readonly calls: number; readonly replies: number } {
    return { calls: this.#position.calls, replies: this.#position.replies };
  }

  /** Bytes are copied: a view of a guest's memory will do. Returns the entry's number. Throws a TypeError for an entry that can't come next, `recording_full`. */
  append(entry: JournalEntry): number {
    const position = advance(this.#position, entry);
    if (typeof position === 'string') throw new TypeError(`A ${entry.kind} ${position}`);
    this.#requireOpen();
    const row = this.#row(this.#position.entries, maskEntry(entry, this.#mask));
    this.#position = position;
    this.#waiting.push(row);
    this.#waitingBytes += entry.body?.length ?? 0;
    if (this.#waitingBytes > WAITING_BYTES_MAX || this.#waiting.length >= WAITING_ROWS_MAX) this.#write(() => this.#insertWaiting());
    return position.entries - 1;
  }

  commit(): void {
    if (this.#state === 'rests' && this.#waiting.length === 0) return;
    this.#write(() => {
      this.#insertWaiting();
      this.#opened().database.exec('COMMIT');
      this.#state = 'rests';
    });
  }

  /** Gives back what an open file takes up, until the next entry is written. To be called where none is to be expected for a while; the run stays this writer's. */
  putAway(): void {
    if (this.#state !== 'rests' || this.#waiting.length > 0) return;
    this.#open?.database.close();
    this.#open = undefined;
  }

  /** Gives up what was not committed, and the journal. A run that is over becomes one file that needs nothing beside it. Idempotent. */
  close(): void {
    if (this.#state === 'closed') return;
    const isOver = this.#state === 'rests' && this.#waiting.length === 0 && isFinal(this.#position.end);
    this.#state = 'closed';
    try {
      if (isOver && this.#open !== undefined) leaveWriteAheadLog(this.#open.database);
      this.#open?.database.close();
    } finally {
      this.#lock.release(isOver);
    }
  }

  /** Calls and replies are encoded when the guest does not wait for it. */
  #row(n: number, entry: JournalEntry): () => UnchainedRow {
    if ((entry.kind === 'call' || entry.kind === 'reply') && entry.body.length <= this.#limits.bodyBytesMax) {
      const copied = { ...entry, body: copyOf(entry.body) };
      return () => rowOf(n, copied, this.#limits);
    }
    const row = rowOf(n, entry, this.#limits);
    const copied = row.body === null ? row : { ...row, body: copyOf(row.body) };
    return () => copied;
  }

  #insertWaiting(): void {
    const { database, insert } = this.#opened();
    if (this.#state === 'rests') database.exec('BEGIN IMMEDIATE');
    this.#state = 'transaction';
    for (const waiting of this.#waiting) {
      const row = chainRow(waiting(), this.#hash);
      insert.run(row.n, row.kind, row.head, row.body, row.outside, row.hash, row.seal);
      this.#hash = row.hash;
    }
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** Throws `recording_corrupt` when somebody else has written to it while it was put away. */
  #opened(): OpenJournal {
    if (this.#open !== undefined) return this.#open;
    const database = reopenJournalFile(this.file, { bytesMax: this.#limits.journalBytesMax });
    const last = database.prepare('SELECT n, hash FROM entry ORDER BY n DESC LIMIT 1').get();
    const entries = this.#position.entries - this.#waiting.length;
    if (last?.['n'] !== entries - 1 || !(last['hash'] instanceof Uint8Array) || Buffer.compare(last['hash'], this.#hash) !== 0) {
      database.close();
      throw new NanosError('recording_corrupt', `The recording ${this.file} was changed by somebody else while the run was under way`);
    }
    this.#open = openJournal(database);
    return this.#open;
  }

  #requireOpen(): void {
    if (this.#state === 'failed' || this.#state === 'closed') throw new NanosError('recording_full', `The recording ${this.file} takes no more entries: an earlier one failed, or it is closed`);
  }

  #write(run: () => void): void {
    this.#requireOpen();
    try {
      withSqliteErrors(this.file, run);
    } catch (error) {
      this.#state = 'failed';
      throw error;
    }
  }
}

interface OpenJournal {
  readonly database: DatabaseSync;
  readonly insert: StatementSync;
}

function openJournal(database: DatabaseSync): OpenJournal {
  return { database, insert: database.prepare('INSERT INTO entry (n, kind, head, body, outside, hash, seal) VALUES (?, ?, ?, ?, ?, ?, ?)') };
}

/** A Buffer's own `slice` is a view. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function locked<T>(file: string, run: (lock: RunLock) => T): T {
  const lock = takeRunLock(file);
  try {
    return run(lock);
  } catch (error) {
    lock.release(false);
    throw error;
  }
}

function lastOf(file: string): { position: OrderPosition; hash: Uint8Array } {
  const reader = JournalReader.open(file);
  try {
    const position = reader.position();
    if (isFinal(position.end)) throw new NanosError('usage', `The run of ${file} is over (${position.end}). Fork it at a step with nanos replay, or run the agent again`);
    return { position, hash: reader.lastHash() };
  } finally {
    reader.close();
  }
}

/** Whoever reads it now keeps the log, and the next writer or reader takes care of it. */
function leaveWriteAheadLog(database: DatabaseSync): void {
  try {
    database.exec('PRAGMA busy_timeout = 0');
    // What has reached the disk whole is only marked after that: with the mark or without, it is whole.
    const isWhole = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] === 0;
    if (isWhole) database.exec('PRAGMA synchronous = OFF');
    database.exec('PRAGMA journal_mode = DELETE');
  } catch {
    // The file is whole either way.
  }
}
