import { createHash } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ApprovalNote, CallEntry, JournalEntry, ReplyEntry, RestEntry, RunEntry } from '../protocol/agent/recording.ts';
import { NanosError } from '../protocol/errors.ts';
import { advance, START, type OrderPosition } from './entry-order.ts';
import { corrupt, decodeEntry, FIRST_HASH, ROW_COLUMNS } from './entry-row.ts';
import { openJournalFile } from './journal-file.ts';
import { JOURNAL_LIMITS } from './journal-limits.ts';
import { withSqliteErrors } from './sqlite-error.ts';

/** An entry and its number, counted from 0. */
export interface Numbered<T extends JournalEntry = JournalEntry> {
  readonly n: number;
  readonly entry: T;
}

/** A snapshot is restored from no more than these: snapshot-writer.ts keeps to fewer. */
const CHAIN_SNAPSHOTS_MAX = 32;

/** What a guest is restored from. */
export interface StoredSnapshot extends Numbered<RestEntry> {
  /** a keyframe, unless what follows on it was at hand, and deltas, each based on the one before, the last that of `entry` */
  readonly bodies: readonly Uint8Array[];
}

/**
 * Reads a journal, also one that is being written. Every entry that it gives was checked against its hash, that of the entry before it, and the
 * format; `verify` checks them all. Nothing is kept in memory. All methods throw `recording_corrupt`.
 */
export class JournalReader {
  readonly file: string;
  readonly run: RunEntry;
  readonly #database: DatabaseSync;
  readonly #row: StatementSync;
  readonly #hash: StatementSync;
  readonly #lastNumber: StatementSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(file: string, database: DatabaseSync) {
    this.file = file;
    this.#database = database;
    this.#row = database.prepare(`SELECT ${ROW_COLUMNS} FROM entry WHERE n = ?`);
    this.#hash = database.prepare('SELECT hash FROM entry WHERE n = ?');
    this.#lastNumber = database.prepare('SELECT max(n) AS n FROM entry');
    const run = this.entry(0)?.entry;
    if (run?.kind !== 'run') throw corrupt(0, 'is not the beginning of a run');
    this.run = run;
  }

  /** Throws `not_found`, `recording_invalid`, `recording_unsupported`, `recording_corrupt`. */
  static open(file: string): JournalReader {
    const database = openJournalFile(file);
    try {
      return withSqliteErrors(file, () => new JournalReader(file, database));
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** The number of entries that are committed. */
  get length(): number {
    return this.#get((): number => {
      const n = this.#lastNumber.get()?.['n'];
      return typeof n === 'number' ? n + 1 : 0;
    });
  }

  entry(n: number): Numbered | undefined {
    return this.#read(n, undefined);
  }

  /** Entries in their order, from one to before another, by default all that are there by then. */
  *entries({ from = 0, to = Number.POSITIVE_INFINITY }: { from?: number; to?: number } = {}): Generator<Numbered, void> {
    let hash: Uint8Array | undefined;
    for (let n = from; n < to; n++) {
      const read = this.#read(n, hash);
      if (read === undefined) return;
      hash = read.hash;
      yield { n, entry: read.entry };
    }
  }

  last(): Numbered {
    return this.#present(this.length - 1);
  }

  lastHash(): Uint8Array {
    return this.#hashAt(this.length - 1);
  }

  /**
   * The newest snapshot of an activation up to this one, with all that it is restored from; undefined when there is none. No other entry is read,
   * and of a chain that is longer or larger than any, none at all. `isAtHand`: what this body is based on need not be read.
   */
  snapshotBefore(activation: number, isAtHand: (body: Uint8Array) => boolean = () => false): StoredSnapshot | undefined {
    let found = this.#snapshot(`<= ? ORDER BY json_extract(head, '$.activation') DESC`, activation);
    const chain: Numbered<RestEntry>[] = [];
    for (let bytes = 0; found !== undefined; ) {
      bytes += found.bytes;
      if (chain.length === CHAIN_SNAPSHOTS_MAX || bytes > JOURNAL_LIMITS.bodyBytesMax) throw corrupt(found.n, 'is one of too many or too large snapshots that are based on each other');
      const rest = this.#ofKind(found.n, 'rest');
      chain.push(rest);
      const base = baseOf(rest);
      if (base === undefined || isAtHand(rest.entry.body ?? new Uint8Array())) break;
      found = this.#snapshot('= ?', base);
      if (found === undefined) throw corrupt(rest.n, `has a snapshot based on that of activation ${base}, which has none`);
    }
    const [newest] = chain;
    return newest === undefined ? undefined : { ...newest, bodies: chain.toReversed().map(({ entry }) => entry.body ?? new Uint8Array()) };
  }

  /** Where the first snapshot of an activation that is so stands, and how large it is. */
  #snapshot(so: string, activation: number): { readonly n: number; readonly bytes: number } | undefined {
    const row = this.#get(() => this.#statement(`SELECT n, length(body) AS bytes FROM entry INDEXED BY entry_snapshot WHERE ${SNAPSHOT} AND json_extract(head, '$.activation') ${so} LIMIT 1`).get(activation));
    return row === undefined ? undefined : { n: Number(row['n']), bytes: Number(row['bytes']) };
  }

  /** The call of this number. */
  call(call: number): Numbered<CallEntry> | undefined {
    const n = this.#number("SELECT n FROM entry INDEXED BY entry_call WHERE kind = 'call' AND json_extract(head, '$.call') = ? LIMIT 1", call);
    if (n === undefined) return undefined;
    const found = this.#ofKind(n, 'call');
    if (found.entry.head.call !== call) throw corrupt(n, `is not call ${call}`);
    return found;
  }

  /** The reply that was this step. */
  step(step: number): Numbered<ReplyEntry> | undefined {
    const n = this.#number(
      "SELECT n FROM entry INDEXED BY entry_step WHERE kind = 'reply' AND json_extract(head, '$.step') IS NOT NULL AND json_extract(head, '$.step') = ? LIMIT 1",
      step,
    );
    if (n === undefined) return undefined;
    const found = this.#ofKind(n, 'reply');
    if (found.entry.head.step !== step) throw corrupt(n, `is not step ${step}`);
    return found;
  }

  /** What was decided about calls, and which of them were made then, after an entry. Looks at every entry since. */
  *notesAfter(after: number): Generator<Numbered<ApprovalNote>, void> {
    for (let n: number | undefined = after; ; ) {
      n = this.#number("SELECT n FROM entry WHERE n > ? AND kind IN ('decision', 'act') ORDER BY n LIMIT 1", n);
      if (n === undefined) return;
      const { entry } = this.#present(n);
      if (entry.kind !== 'decision' && entry.kind !== 'act') throw corrupt(n, 'is no decision');
      yield { n, entry };
    }
  }

  /** The last rest: what was charged and drawn until then. */
  lastRest(): Numbered<RestEntry> | undefined {
    return this.#lastOf("kind = 'rest'", 'rest');
  }

  /** Where the journal stands after its last entry. */
  position(): OrderPosition {
    const call = this.#lastOf("kind = 'call'", 'call');
    const reply = this.#lastOf("kind = 'reply'", 'reply');
    const step = this.#lastOf("kind = 'reply' AND json_extract(head, '$.step') IS NOT NULL", 'reply');
    const rest = this.lastRest()?.entry.head;
    const { n, entry: last } = this.last();
    return {
      entries: n + 1,
      calls: Math.max((call?.entry.head.call ?? -1) + 1, rest?.calls ?? 0),
      called: last.kind === 'call' ? last.head.call : undefined,
      replies: Math.max((reply?.entry.head.seq ?? -1) + 1, rest?.replies ?? 0),
      activation: Math.max(reply?.entry.head.activation ?? 0, rest?.activation ?? 0),
      rested: rest?.activation ?? -1,
      step: step?.entry.head.step ?? -1,
      base: rest === undefined ? this.run.head.fork?.base : undefined,
      end: last.kind === 'end' ? last.head.end : undefined,
    };
  }

  /** The module as it was given, before metering, which an exported recording carries: not yet validated. */
  module(): Uint8Array | undefined {
    const rows = this.#get(() => this.#database.prepare('SELECT CAST(hash AS BLOB) AS hash, bytes FROM module LIMIT 2').all());
    if (rows.length === 0) return undefined;
    const [{ hash, bytes } = {}] = rows;
    const intact = hash instanceof Uint8Array && bytes instanceof Uint8Array && rows.length === 1;
    if (!intact || Buffer.from(hash).toString('latin1') !== this.run.head.source || createHash('sha256').update(bytes).digest('hex') !== this.run.head.source) {
      throw new NanosError('recording_corrupt', `The module in the recording ${this.file} is not the one that ran`);
    }
    return bytes;
  }

  /** Checks everything: the database, each entry, their order, the module. `onProgress` is told how much of it is done, from 0 to 1. */
  verify(onProgress: (done: number) => void = () => undefined): OrderPosition {
    const length = this.length;
    this.checkDatabase();
    let position = START;
    for (const { n, entry } of this.entries({ to: length })) {
      const next = advance(position, entry);
      if (typeof next === 'string') throw corrupt(n, next);
      position = next;
      onProgress(position.entries / length);
    }
    if (position.entries !== length) throw corrupt(position.entries, 'is missing');
    this.module();
    return position;
  }

  /** Checks the pages and indexes of the file, not what the entries say. */
  checkDatabase(): void {
    const found = this.#get(() => this.#database.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check']);
    if (found !== 'ok') throw new NanosError('recording_corrupt', `The recording ${this.file} is damaged: ${String(found)}`);
  }

  /** All that `read` reads is of one moment, that of its first read, however the journal is written on. */
  atOnce<T>(read: () => T): T {
    this.#get(() => this.#database.exec('BEGIN'));
    try {
      return read();
    } finally {
      if (this.#database.isTransaction) this.#get(() => this.#database.exec('COMMIT'));
    }
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #read(n: number, previousHash: Uint8Array | undefined): (Numbered & { hash: Uint8Array }) | undefined {
    const row = this.#get(() => this.#row.get(n));
    return row === undefined ? undefined : { n, ...decodeEntry(n, row, previousHash ?? this.#hashAt(n - 1), JOURNAL_LIMITS) };
  }

  #hashAt(n: number): Uint8Array {
    if (n < 0) return FIRST_HASH;
    const hash = this.#get(() => this.#hash.get(n)?.['hash']);
    if (!(hash instanceof Uint8Array)) throw corrupt(n, 'is missing');
    return hash;
  }

  #present(n: number): Numbered {
    const read = this.entry(n);
    if (read === undefined) throw corrupt(n, 'is missing');
    return read;
  }

  /** The entry that an index names is checked to be of this kind, for an index has no hash. */
  #ofKind<K extends JournalEntry['kind']>(n: number, kind: K): Numbered<OfKind<K>> {
    const { entry } = this.#present(n);
    if (!isOfKind(entry, kind)) throw corrupt(n, `is no ${kind}`);
    return { n, entry };
  }

  #lastOf<K extends JournalEntry['kind']>(condition: string, kind: K): Numbered<OfKind<K>> | undefined {
    const n = this.#number(`SELECT n FROM entry NOT INDEXED WHERE ${condition} ORDER BY n DESC LIMIT 1`);
    return n === undefined ? undefined : this.#ofKind(n, kind);
  }

  #number(query: string, ...values: (number | string)[]): number | undefined {
    const n = this.#get(() => this.#statement(query).get(...values)?.['n']);
    return n === undefined ? undefined : Number(n);
  }

  /** Prepared once: that takes longer than to read an entry. */
  #statement(query: string): StatementSync {
    let statement = this.#statements.get(query);
    if (statement === undefined) {
      statement = this.#database.prepare(query);
      this.#statements.set(query, statement);
    }
    return statement;
  }

  #get<T>(read: () => T): T {
    return withSqliteErrors(this.file, read);
  }
}

type OfKind<K extends JournalEntry['kind']> = Extract<JournalEntry, { kind: K }>;

function isOfKind<K extends JournalEntry['kind']>(entry: JournalEntry, kind: K): entry is OfKind<K> {
  return entry.kind === kind;
}

/** The activation that a snapshot is based on, which was earlier; undefined for a keyframe. */
function baseOf({ n, entry: { head } }: Numbered<RestEntry>): number | undefined {
  const { snapshot } = head;
  if (snapshot === undefined || 'refused' in snapshot) throw corrupt(n, 'has no snapshot');
  if (snapshot.kind === 'key') return undefined;
  if (snapshot.base >= head.activation) throw corrupt(n, `has a snapshot based on a later one`);
  return snapshot.base;
}

const SNAPSHOT = "kind = 'rest' AND body IS NOT NULL";
