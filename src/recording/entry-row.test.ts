import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NanosError } from '../protocol/errors.ts';
import { decodeEntry, encodeEntry, FIRST_HASH, type EntryRow } from './entry-row.ts';
import { JOURNAL_LIMITS } from './journal-limits.ts';
import { runEntry } from './test-journal.ts';

/** Undefined where the stack is too small for it. */
function rowOfDepth(depth: number): EntryRow | undefined {
  let manifest: unknown = 0;
  for (let level = 0; level < depth; level++) manifest = [manifest];
  try {
    return encodeEntry(0, runEntry({ manifest }), FIRST_HASH, JOURNAL_LIMITS);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function verdict(row: EntryRow): string {
  try {
    return decodeEntry(0, { n: row.n, kind: Buffer.from(row.kind), head: Buffer.from(row.head), body: null, outside: null, hash: Buffer.from(row.hash), seal: null }, FIRST_HASH, JOURNAL_LIMITS).entry.kind;
  } catch (error) {
    if (error instanceof NanosError) return error.code;
    throw error;
  }
}

test('a head nested deeper than the stack is no defect of ours', () => {
  const verdicts = new Set<string>();
  for (let depth = 64; ; depth *= 2) {
    const row = rowOfDepth(depth);
    if (row === undefined) break;
    verdicts.add(verdict(row));
  }
  assert.deepEqual([...verdicts].filter((found) => found !== 'recording_corrupt'), ['run']);
});
