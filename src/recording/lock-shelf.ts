import { DatabaseSync } from 'node:sqlite';

/** SQLite's own limit of files attached to one connection. */
const PLACES = 10;
const WAIT_MS_MAX = 200;

/** A locked file. */
export interface Held {
  /** Idempotent. */
  release(): void;
}

/** One connection that holds exclusive locks on several files: a connection takes some 80 KB, a file attached to one 15. */
class LockShelf {
  readonly #database = new DatabaseSync(':memory:', { timeout: WAIT_MS_MAX });
  readonly #free = Array.from({ length: PLACES }, (_, index) => `place${index}`);

  get hasRoom(): boolean {
    return this.#free.length > 0;
  }

  get isEmpty(): boolean {
    return this.#free.length === PLACES;
  }

  /** Throws SQLite's error when the file is locked, or no database. */
  hold(file: string): () => void {
    const place = this.#free.pop()!;
    try {
      this.#database.prepare(`ATTACH ? AS ${place}`).run(file);
    } catch (error) {
      this.#free.push(place);
      throw error;
    }
    try {
      // The first write takes the lock, for as long as the file is attached. SQLite takes memory by the size of pages.
      const settings = ['page_size = 512', 'cache_size = 1', 'journal_mode = MEMORY', 'synchronous = OFF', 'locking_mode = EXCLUSIVE', 'user_version = 1'];
      this.#database.exec(settings.map((setting) => `PRAGMA ${place}.${setting}`).join(';'));
    } catch (error) {
      this.#letGo(place);
      throw error;
    }
    return () => this.#letGo(place);
  }

  #letGo(place: string): void {
    this.#database.exec(`DETACH ${place}`);
    this.#free.push(place);
  }

  close(): void {
    this.#database.close();
  }
}

const shelves = new Set<LockShelf>();

/** Locks a file that is there and empty, or was locked by this before, against every other process and every other caller in this one. Throws SQLite's error when it is locked. */
export function holdFile(file: string): Held {
  const shelf = [...shelves].find(({ hasRoom }) => hasRoom) ?? new LockShelf();
  shelves.add(shelf);
  let letGo: (() => void) | undefined;
  const closeEmpty = (): void => {
    if (shelf.isEmpty && shelves.delete(shelf)) shelf.close();
  };
  try {
    letGo = shelf.hold(file);
  } catch (error) {
    closeEmpty();
    throw error;
  }
  return {
    release: () => {
      letGo?.();
      letGo = undefined;
      closeEmpty();
    },
  };
}
