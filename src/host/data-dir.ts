import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NanosError } from '../protocol/errors.ts';
import { writeFileAtomic } from '../util/atomic-file.ts';
import { isProcessAlive, processIdentity } from './process-identity.ts';

/** Rises when the layout below the data directory changes; a newer layout is refused, an older one migrated. */
const FORMAT = 1;

const LOCK_ATTEMPTS_MAX = 20;

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
  const lockFile = join(real, 'lock');
  const lock = await takeLock(lockFile, real);
  try {
    await checkFormat(real);
    const temporary = join(real, 'tmp');
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { mode: 0o700 });
    return { path: real, temporary, close: () => releaseLock(lockFile, lock) };
  } catch (error) {
    await releaseLock(lockFile, lock);
    throw error;
  }
}

async function createFolder(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    return await realpath(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NanosError('folder_unreadable', `The data directory ${path} can't be created: ${reason}`, { cause });
  }
}

async function checkFormat(path: string): Promise<void> {
  const file = join(path, 'version');
  const text = await readFile(file, 'utf8').catch(absent);
  if (text === undefined) return writeFileAtomic(file, `${FORMAT}\n`);
  if (text.trim() !== String(FORMAT)) {
    throw new NanosError('config_invalid', `The data directory ${path} has format ${JSON.stringify(text.trim().slice(0, 20))}, and this nanos reads format ${FORMAT}. Use the nanos that made it, or another --data directory`);
  }
}

/**
 * The lock is a file that names its holder. It appears whole (linked, never written in place), and a dead holder's is renamed away before a
 * new one is linked, so that two starters can't both take it.
 */
async function takeLock(lockFile: string, path: string): Promise<string> {
  const mine = `${process.pid} ${processIdentity(process.pid)} ${randomBytes(8).toString('hex')}\n`;
  const offer = `${lockFile}.${randomBytes(8).toString('hex')}`;
  try {
    await writeFile(offer, mine, { mode: 0o600, flag: 'wx' });
    for (let attempt = 0; attempt < LOCK_ATTEMPTS_MAX; attempt++) {
      if (await tryLink(offer, lockFile)) return mine;
      await buryDeadLock(lockFile, path);
    }
  } catch (cause) {
    if (cause instanceof NanosError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new NanosError('folder_unreadable', `The data directory ${path} can't be written: ${reason}`, { cause });
  } finally {
    await rm(offer, { force: true });
  }
  throw new NanosError('data_dir_in_use', `The data directory ${path} is being opened by several processes at once. Try again`);
}

async function buryDeadLock(lockFile: string, path: string): Promise<void> {
  const held = await readFile(lockFile, 'utf8').catch(absent);
  if (held === undefined) return;
  const [pid = '', identity = ''] = held.trim().split(' ');
  if (isProcessAlive(Number(pid), identity)) {
    throw new NanosError('data_dir_in_use', `The data directory ${path} is in use by process ${pid}. Stop that one, or choose another with --data`);
  }
  const grave = `${lockFile}.${randomBytes(8).toString('hex')}`;
  try {
    await rename(lockFile, grave);
  } catch (error) {
    absent(error);
    return;
  }
  // Another starter may have replaced the dead lock since it was read: a living one is put back.
  if ((await readFile(grave, 'utf8')) !== held) await tryLink(grave, lockFile);
  await rm(grave, { force: true });
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function releaseLock(lockFile: string, mine: string): Promise<void> {
  const held = await readFile(lockFile, 'utf8').catch(absent);
  if (held === mine) await rm(lockFile, { force: true });
}

function absent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
