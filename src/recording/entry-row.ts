import { createHash, hash as hashAtOnce } from 'node:crypto';
import type { SQLOutputValue } from 'node:sqlite';
import { z } from 'zod';
import type { JournalEntry } from '../protocol/agent/recording.ts';
import { NanosError } from '../protocol/errors.ts';
import { canonicalJson } from './canonical-json.ts';
import { journalEntrySchema } from './entry-schema.ts';
import type { JournalLimits } from './journal-limits.ts';

/** An entry as a row of the table `entry`; how it is hashed is in docs/recording.md. */
export interface EntryRow {
  /** counts from 0 */
  readonly n: number;
  readonly kind: string;
  /** canonical JSON */
  readonly head: string;
  readonly body: Uint8Array | null;
  /** canonical JSON */
  readonly outside: string | null;
  readonly hash: Uint8Array;
  readonly seal: Uint8Array | null;
}

/** What the first entry's hash follows on. */
export const FIRST_HASH = new Uint8Array(32);

const HASH_BYTES = 32;
const NUMBERS_BYTES = 8 + 4 + 4 + 8 + 1;
/** What is hashed with it in one go costs less when it is copied together. */
const COPIED_BODY_BYTES_MAX = 16 * 1024;

/** A row that is not chained to the one before it yet. */
export type UnchainedRow = Omit<EntryRow, 'hash' | 'seal'>;

/** Throws `recording_full` for an entry larger than any may be, a TypeError for a head that JSON has no form for. */
export function rowOf(n: number, entry: JournalEntry, limits: JournalLimits): UnchainedRow {
  const head = canonicalJson(entry.head);
  const body = storable(entry.body);
  const outside = 'outside' in entry && entry.outside !== undefined ? canonicalJson(entry.outside) : null;
  const headBytes = Buffer.byteLength(head);
  if (!fits(headBytes, body, outside === null ? 0 : Buffer.byteLength(outside), limits)) {
    throw new NanosError('recording_full', `A ${entry.kind} of ${headBytes + (body?.length ?? 0)} bytes is too large to be recorded: a head has at most ${limits.headBytesMax}, a body ${limits.bodyBytesMax}`);
  }
  return { n, kind: entry.kind, head, body, outside };
}

export function chainRow(row: UnchainedRow, previousHash: Uint8Array): EntryRow {
  const outside = row.outside === null ? null : Buffer.from(row.outside);
  const hash = hashOf(previousHash, { n: row.n, kind: Buffer.from(row.kind), head: Buffer.from(row.head), body: row.body, outside });
  return { ...row, hash, seal: outside === null ? null : sealOf(hash, outside) };
}

/** The whole row. Throws as `rowOf`. */
export function encodeEntry(n: number, entry: JournalEntry, previousHash: Uint8Array, limits: JournalLimits): EntryRow {
  return chainRow(rowOf(n, entry, limits), previousHash);
}

/** SQLite takes the empty array that it gave itself for NULL. */
function storable(body: Uint8Array | undefined): Uint8Array | null {
  if (body === undefined) return null;
  return body.length === 0 ? new Uint8Array(0) : body;
}

/** The columns of a row for `decodeEntry`: text as its bytes, so that no two contents read alike. */
export const ROW_COLUMNS = 'n, CAST(kind AS BLOB) AS kind, CAST(head AS BLOB) AS head, body, CAST(outside AS BLOB) AS outside, hash, seal';

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const rowSchema = z.strictObject({ n: z.int(), kind: bytes, head: bytes, body: bytes.nullable(), outside: bytes.nullable(), hash: bytes, seal: bytes.nullable() });
type ReadRow = z.infer<typeof rowSchema>;

/** The entry of a row that was read, and its hash. Throws `recording_corrupt` when anything in it is not as it was written after `previousHash`, or is no entry at all. */
export function decodeEntry(n: number, values: Readonly<Record<string, SQLOutputValue>>, previousHash: Uint8Array, limits: JournalLimits): { entry: JournalEntry; hash: Uint8Array } {
  const row = rowSchema.safeParse(values);
  if (!row.success) throw corrupt(n, 'is no row of a recording');
  const { kind, head, body, outside, hash, seal } = row.data;
  if (row.data.n !== n) throw corrupt(n, 'is not in its place');
  if (!fits(head.length, body, outside?.length ?? 0, limits)) throw corrupt(n, 'is too large');
  if (!equal(hash, hashOf(previousHash, row.data))) throw corrupt(n, 'does not have the hash that was recorded');
  if (!equal(seal, outside === null ? null : sealOf(hash, outside))) throw corrupt(n, 'does not have the seal that was recorded');
  const entry = checkedEntry(n, {
    kind: Buffer.from(kind).toString('latin1'),
    head: parseCanonical(n, head),
    ...(body === null ? {} : { body }),
    ...(outside === null ? {} : { outside: parseCanonical(n, outside) }),
  });
  if (!entry.success) throw corrupt(n, `is not as this format has it: ${z.prettifyError(entry.error).replaceAll(/\s+/gu, ' ')}`);
  return { entry: entry.data, hash };
}

/** The schema follows a manifest as deep as it goes, and a stranger's may go deeper than the stack. */
function checkedEntry(n: number, value: unknown): ReturnType<typeof journalEntrySchema.safeParse> {
  try {
    return journalEntrySchema.safeParse(value);
  } catch (error) {
    if (error instanceof RangeError) throw corrupt(n, 'is nested too deep');
    throw error;
  }
}

export function corrupt(n: number, what: string): NanosError {
  return new NanosError('recording_corrupt', `Entry ${n} of the recording ${what}`);
}

function hashOf(previousHash: Uint8Array, { n, kind, head, body, outside }: Omit<ReadRow, 'hash' | 'seal'>): Uint8Array {
  const start = Buffer.allocUnsafe(HASH_BYTES + NUMBERS_BYTES);
  start.set(previousHash);
  start.writeBigUInt64BE(BigInt(n), HASH_BYTES);
  start.writeUInt32BE(kind.length, HASH_BYTES + 8);
  start.writeUInt32BE(head.length, HASH_BYTES + 12);
  start.writeBigUInt64BE(BigInt(body?.length ?? 0), HASH_BYTES + 16);
  start.writeUInt8((body === null ? 0 : 1) + (outside === null ? 0 : 2), HASH_BYTES + 24);
  return sha256(body === null ? [start, kind, head] : [start, kind, head, body]);
}

function sealOf(hash: Uint8Array, outside: Uint8Array): Uint8Array {
  return sha256([hash, outside]);
}

function sha256(parts: readonly Uint8Array[]): Uint8Array {
  const last = parts.at(-1);
  if (last === undefined || last.length <= COPIED_BODY_BYTES_MAX) return hashAtOnce('sha256', Buffer.concat(parts), 'buffer');
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function equal(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0;
}

function fits(headBytes: number, body: Uint8Array | null, outsideBytes: number, { headBytesMax, bodyBytesMax }: JournalLimits): boolean {
  return headBytes <= headBytesMax && outsideBytes <= headBytesMax && (body?.length ?? 0) <= bodyBytesMax;
}

/** One value has one spelling, so that nothing can be read in two ways. */
function parseCanonical(n: number, bytes: Uint8Array): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    if (canonicalJson(value) === text) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError)) throw error;
  }
  throw corrupt(n, 'has a head that is no canonical JSON');
}
