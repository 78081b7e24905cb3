import { mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NanosError } from '../protocol/errors.ts';
import { writeFileAtomic } from '../util/atomic-file.ts';
import { takeFolderLock } from './take-folder-lock.ts';

/** Rises when the layout below the data directory changes; a newer layout is refused, an older one migrated. */
const FORMAT = 1;

export interface DataDir {
  /** absolute and real */
  readonly path: string;
  /** for what is half made: on the same file system, emptied at every start */
  readonly temporary: string;
  /** Gives up the lock. Idempotent. */
  close(): Promise<void>;
}

/**
 * Creates or opens the data directory, mode 0700, for one writer at a time.
 *
 * Throws `data_dir_in_use` when a living process holds it, `config_invalid` when its format is unknown,
 * `folder_unreadable` when it can't be created or written.
 */
export async function openDataDir(path: string): Promise<DataDir> {
  const real = await createFolder(path);
  const giveLock = await lockFolder(real);
  try {
    await checkFormat(real);
    const temporary = join(real, 'tmp');
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { mode: 0o700 });
    return { path: real, temporary, close: giveLock };
  } catch (error) {
    await giveLock();
    throw error;
  }
}

async function createFolder(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    return await realpath(path);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

async function lockFolder(path: string): Promise<() => Promise<void>> {
  try {
    return await takeFolderLock(path);
  } catch (cause) {
    throw cause instanceof NanosError ? cause : unusable(path, cause);
  }
}

function unusable(path: string, cause: unknown): NanosError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new NanosError('folder_unreadable', `The data directory ${path} can't be created or written: ${reason}`, { cause });
}

async function checkFormat(path: string): Promise<void> {
  const file = join(path, 'version');
  const text = await readFile(file, 'utf8').catch(absent);
  if (text === undefined) return writeFileAtomic(file, `${FORMAT}\n`);
  if (text.trim() !== String(FORMAT)) {
    throw new NanosError('config_invalid', `The data directory ${path} has format ${JSON.stringify(text.trim().slice(0, 20))}, and this nanos reads format ${FORMAT}. Use the nanos that made it, or another --data directory`);
  }
}

function absent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
