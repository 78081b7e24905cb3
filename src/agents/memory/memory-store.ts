/** What agents remember beyond a run: one SQLite file an agent, below `<data>/memory`. */
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AGENT_LIMITS } from '../../protocol/agent-limits.ts';
import type { AgentManifest } from '../../protocol/agent/manifest.ts';

/** Other runs of the agent may be writing. */
const BUSY_MS_MAX = 5_000;
/** Words of a query that are looked for. */
const WORDS_MAX = 64;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS memory (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL, stored_ms INTEGER NOT NULL) STRICT;
  CREATE VIRTUAL TABLE IF NOT EXISTS memory_text USING fts5 (key, value, content = 'memory', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2');
  CREATE TRIGGER IF NOT EXISTS memory_added AFTER INSERT ON memory BEGIN INSERT INTO memory_text (rowid, key, value) VALUES (new.id, new.key, new.value); END;
  CREATE TRIGGER IF NOT EXISTS memory_changed AFTER UPDATE ON memory BEGIN
    INSERT INTO memory_text (memory_text, rowid, key, value) VALUES ('delete', old.id, old.key, old.value);
    INSERT INTO memory_text (rowid, key, value) VALUES (new.id, new.key, new.value);
  END;`;

/**
 * The memory of one agent: the one of this name in this folder. Another folder's agent of the same name is another agent.
 * The file is open during a call only, so that any number of runs, in any process, can share it.
 */
export class MemoryStore {
  readonly #folder: string;
  readonly #file: string;

  constructor(dataDir: string, { name, folder }: Pick<AgentManifest, 'name' | 'folder'>) {
    this.#folder = join(dataDir, 'memory');
    this.#file = join(this.#folder, `${createHash('sha256').update(JSON.stringify([name, folder])).digest('hex').slice(0, 32)}.sqlite`);
  }

  /** False when the memory is full, and nothing was stored. */
  store(key: string, value: string, nowMs: number): boolean {
    return this.#with((database) => {
      const isKnown = database.prepare('SELECT 1 FROM memory WHERE key = ?').get(key) !== undefined;
      const { count } = database.prepare('SELECT count(*) AS count FROM memory').get() as { count: number };
      if (!isKnown && count >= AGENT_LIMITS.memoryTextsMax) return false;
      database.prepare('INSERT INTO memory (key, value, stored_ms) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, stored_ms = excluded.stored_ms').run(key, value, nowMs);
      return true;
    });
  }

  get(key: string): string | undefined {
    return this.#with((database) => (database.prepare('SELECT value FROM memory WHERE key = ?').get(key) as { value: string } | undefined)?.value);
  }

  /** What fits best first: texts with any of the query's words, or words that begin with them. */
  search(query: string, limit: number): readonly string[] {
    const words = query.match(/[\p{L}\p{N}]+/gu)?.slice(0, WORDS_MAX) ?? [];
    if (words.length === 0) return [];
    const pattern = words.map((word) => `"${word}" *`).join(' OR ');
    return this.#with((database) => {
      const found = database.prepare('SELECT memory.value FROM memory_text JOIN memory ON memory.id = memory_text.rowid WHERE memory_text MATCH ? ORDER BY memory_text.rank, memory.stored_ms DESC LIMIT ?').all(pattern, limit);
      return (found as { value: string }[]).map(({ value }) => value);
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
