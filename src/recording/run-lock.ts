import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { NanosError } from '../protocol/errors.ts';
import { holdFile, type Held } from './lock-shelf.ts';
import { isBusy } from './sqlite-error.ts';

export interface RunLock {
  /** `forGood`: nobody is to take it again, as the run is over or gone. Idempotent. */
  release(forGood: boolean): void;
}

/**
 * Makes the caller the only one who writes the run's journal; the journal can be read meanwhile. Holds between processes and within one, and a
 * process that dies gives it up with its life. Throws `run_in_use`.
 *
 * It is SQLite's own lock on a database without a table beside the journal, `<id>.lock`.
 */
export function takeRunLock(journal: string): RunLock {
  const file = lockFileOf(journal);
  // Opened without SQLite only when it is new: closing a file gives up all locks that the process has on it (https://sqlite.org/howtocorrupt.html, 2.2).
  if (!existsSync(file)) createEmpty(file);
  const held = hold(file, journal);
  let isHeld = true;
  return {
    release: (forGood) => {
      if (!isHeld) return;
      isHeld = false;
      if (forGood) rmSync(file, { force: true });
      held.release();
    },
  };
}

function hold(file: string, journal: string): Held {
  try {
    return holdFile(file);
  } catch (cause) {
    if (!isBusy(cause)) throw cause;
    throw new NanosError('run_in_use', `The run of ${journal} is under way in another process. Wait until it is over, or stop that process`, { cause });
  }
}

/** Whether some process, this one included, is writing the run's journal. */
export function isRunLocked(journal: string): boolean {
  const file = lockFileOf(journal);
  if (!existsSync(file)) return false;
  const database = new DatabaseSync(file, { readOnly: true, timeout: 0 });
  try {
    database.exec('BEGIN; SELECT 1 FROM sqlite_schema');
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw error;
  } finally {
    database.close();
  }
}

function lockFileOf(journal: string): string {
  return `${journal.replace(/\.sqlite$/u, '')}.lock`;
}

function createEmpty(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}
