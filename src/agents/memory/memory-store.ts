/** What agents remember beyond a run: one SQLite file a memory, below `<data>/memory`. */
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AGENT_LIMITS } from '../../protocol/agent-limits.ts';
import type { AgentManifest } from '../../protocol/agent/manifest.ts';
import { fuseRanks } from './fuse-ranks.ts';
import { cosineTo, packVector } from './packed-vector.ts';

/** Other runs of the agent may be writing. */
const BUSY_MS_MAX = 5_000;
/** Words of a query that are looked for. */
const WORDS_MAX = 64;
/** Texts of each ranking that are looked at; no less than can be asked for. */
const CANDIDATES_MAX = 100;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS memory (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL, stored_ms INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS memory_vector (id INTEGER PRIMARY KEY, model TEXT NOT NULL, dimensions INTEGER NOT NULL, vector BLOB NOT NULL) STRICT;
  CREATE VIRTUAL TABLE IF NOT EXISTS memory_text USING fts5 (key, value, content = 'memory', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2');
  CREATE TRIGGER IF NOT EXISTS memory_added AFTER INSERT ON memory BEGIN INSERT INTO memory_text (rowid, key, value) VALUES (new.id, new.key, new.value); END;
  CREATE TRIGGER IF NOT EXISTS memory_changed AFTER UPDATE ON memory BEGIN
    INSERT INTO memory_text (memory_text, rowid, key, value) VALUES ('delete', old.id, old.key, old.value);
    INSERT INTO memory_text (rowid, key, value) VALUES (new.id, new.key, new.value);
  END;`;

/** A text's place among others by its meaning. Only vectors of one model, and of as many numbers, can be compared. */
export interface MemoryVector {
  readonly model: string;
  readonly vector: readonly number[];
}

/**
 * The memory of one agent: the one of this name in this folder. Another folder's agent of the same name is another agent. Or the memory that agents share
 * by its name. The file is open during a call only, so that any number of runs, in any process, can share it.
 */
export class MemoryStore {
  readonly #folder: string;
  readonly #file: string;

  constructor(dataDir: string, { name, folder, sharedMemory }: Pick<AgentManifest, 'name' | 'folder' | 'sharedMemory'>) {
    this.#folder = join(dataDir, 'memory');
    // a folder is an absolute path, so no agent's own memory has the name of a shared one
    const owner = sharedMemory === undefined ? [name, folder] : ['shared', sharedMemory];
    this.#file = join(this.#folder, `${createHash('sha256').update(JSON.stringify(owner)).digest('hex').slice(0, 32)}.sqlite`);
  }

  /** False when the memory is full, and nothing was stored. The vector of an earlier text goes with it. */
  store(key: string, value: string, nowMs: number, meaning?: MemoryVector): boolean {
    return this.#with((database) => {
      const known = database.prepare('SELECT id FROM memory WHERE key = ?').get(key) as { id: number } | undefined;
      const { count } = database.prepare('SELECT count(*) AS count FROM memory').get() as { count: number };
      if (known === undefined && count >= AGENT_LIMITS.memoryTextsMax) return false;
      const stored = database.prepare('INSERT INTO memory (key, value, stored_ms) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, stored_ms = excluded.stored_ms').run(key, value, nowMs);
      const id = known?.id ?? stored.lastInsertRowid;
      if (meaning === undefined) database.prepare('DELETE FROM memory_vector WHERE id = ?').run(id);
      else database.prepare('INSERT OR REPLACE INTO memory_vector (id, model, dimensions, vector) VALUES (?, ?, ?, ?)').run(id, meaning.model, meaning.vector.length, packVector(meaning.vector));
      return true;
    });
  }

  get(key: string): string | undefined {
    return this.#with((database) => (database.prepare('SELECT value FROM memory WHERE key = ?').get(key) as { value: string } | undefined)?.value);
  }

  /** What fits best first: texts with any of the query's words, or words that begin with them; with its meaning, texts near to it, too. */
  search(query: string, limit: number, meaning?: MemoryVector): readonly string[] {
    return this.#with((database) => {
      const byWords = rankByWords(database, query);
      const ids = meaning === undefined ? byWords : fuseRanks([byWords, rankByMeaning(database, meaning)]);
      const read = database.prepare('SELECT value FROM memory WHERE id = ?');
      return ids.slice(0, limit).map((id) => (read.get(id) as { value: string }).value);
    });
  }

  #with<T>(work: (database: DatabaseSync) => T): T {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    closeSync(openSync(this.#file, 'a', 0o600));
    const database = new DatabaseSync(this.#file, { timeout: BUSY_MS_MAX });
    try {
      database.exec(`PRAGMA trusted_schema = OFF; BEGIN IMMEDIATE; ${SCHEMA}`);
      const result = work(database);
      database.exec('COMMIT');
      return result;
    } finally {
      database.close();
    }
  }
}

function rankByWords(database: DatabaseSync, query: string): number[] {
  const words = query.match(/[\p{L}\p{N}]+/gu)?.slice(0, WORDS_MAX) ?? [];
  if (words.length === 0) return [];
  const pattern = words.map((word) => `"${word}" *`).join(' OR ');
  const found = database.prepare('SELECT memory.id FROM memory_text JOIN memory ON memory.id = memory_text.rowid WHERE memory_text MATCH ? ORDER BY memory_text.rank, memory.stored_ms DESC LIMIT ?').all(pattern, CANDIDATES_MAX);
  return (found as { id: number }[]).map(({ id }) => id);
}

function rankByMeaning(database: DatabaseSync, { model, vector }: MemoryVector): number[] {
  const near: { readonly id: number; readonly cosine: number }[] = [];
  const rows = database.prepare('SELECT id, vector FROM memory_vector WHERE model = ? AND dimensions = ?').iterate(model, vector.length);
  for (const row of rows as Iterable<{ id: number; vector: Uint8Array }>) {
    const cosine = cosineTo(vector, row.vector);
    if (cosine > 0) near.push({ id: row.id, cosine });
  }
  return near.toSorted((a, b) => b.cosine - a.cosine).slice(0, CANDIDATES_MAX).map(({ id }) => id);
}
