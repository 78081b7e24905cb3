import { NanosError } from '../protocol/errors.ts';

/** Primary result codes: https://sqlite.org/rescode.html */
const BUSY = 5;
const LOCKED = 6;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;

export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === BUSY || code === LOCKED;
}

/** What went wrong with a recording, in our words; errors that are not SQLite's are given back as they are. */
export function describeSqliteError(cause: unknown, file: string): unknown {
  const code = resultCode(cause);
  if (code === undefined) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  switch (code) {
    case BUSY:
    case LOCKED:
      return new NanosError('run_in_use', `The recording ${file} is in use by another process. Wait until that one is done, or stop it`, { cause });
    case FULL:
      return new NanosError('recording_full', `The recording ${file} can't grow: the disk is full, or it has reached the largest size. Make room with nanos runs delete`, { cause });
    case CANTOPEN:
      return new NanosError('not_found', `There is no recording ${file}, or it can't be opened`, { cause });
    case CORRUPT:
      return new NanosError('recording_corrupt', `The recording ${file} is damaged: ${reason}`, { cause });
    case IOERR:
      return new NanosError('folder_unreadable', `The recording ${file} can't be read or written: ${reason}`, { cause });
    default:
      return new NanosError('recording_invalid', `The file ${file} is no recording: ${reason}`, { cause });
  }
}

/** Runs something on a recording's database; SQLite's errors are thrown in our words. */
export function withSqliteErrors<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw describeSqliteError(error, file);
  }
}

/** Numbers in the file that JavaScript has no integer for are an error of Node's own, not of SQLite. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && error.code === 'ERR_OUT_OF_RANGE') return CORRUPT;
  return 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}
