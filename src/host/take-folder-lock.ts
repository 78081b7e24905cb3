import { randomBytes } from 'node:crypto';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NanosError } from '../protocol/errors.ts';
import { isProcessAlive, processIdentity } from './process-identity.ts';

const ATTEMPTS_MAX = 200;
const RETRY_MS = 5;
const RETRY_MS_MAX = 100;

/**
 * Makes this process the folder's only writer until the returned function is called; a process that dies gives up its lock with its life.
 *
 * Each contender makes a file with a name of its own, `lock.<pid>.<identity>.<random>`, and has the lock when it then finds no other living
 * one. Of two contenders the later one always sees the earlier one's file, and as no name is used twice, removing a dead one's file can't
 * hit a living one. `held.…` tells contenders, who try again, from the holder. Throws `data_dir_in_use`.
 */
export async function takeFolderLock(folder: string): Promise<() => Promise<void>> {
  const me = `${process.pid}.${processIdentity(process.pid)}.${randomBytes(8).toString('hex')}`;
  const give = () => remove(folder, `held.${me}`, `lock.${me}`);
  try {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      await create(folder, `lock.${me}`);
      const others = await livingOthers(folder, me);
      if (others.length === 0) {
        await create(folder, `held.${me}`);
        return give;
      }
      // The first by name stays, so that the others' leaving makes it the only one.
      const leaves = others.some((other) => other < me);
      if (leaves) await remove(folder, `lock.${me}`);
      await sleep(leaves ? Math.random() * Math.min(RETRY_MS_MAX, RETRY_MS * (attempt + 2)) : RETRY_MS);
    }
    throw new NanosError('data_dir_in_use', `The data directory ${folder} is being opened by several processes at once. Try again`);
  } catch (error) {
    await give();
    throw error;
  }
}

/** Throws when one of them has the lock. */
async function livingOthers(folder: string, me: string): Promise<string[]> {
  const entries = await readdir(folder);
  const others = entries.filter((entry) => entry.startsWith('lock.')).map((entry) => entry.slice('lock.'.length)).filter((other) => other !== me);
  const living = others.filter(isAlive);
  await Promise.all(others.filter((other) => !isAlive(other)).map((other) => remove(folder, `held.${other}`, `lock.${other}`)));
  const holder = living.find((other) => entries.includes(`held.${other}`));
  if (holder !== undefined) {
    throw new NanosError('data_dir_in_use', `The data directory ${folder} is in use by process ${holder.split('.')[0] ?? ''}. Stop that one, or choose another with --data`);
  }
  return living;
}

function isAlive(contender: string): boolean {
  const [pid = '', identity = ''] = contender.split('.');
  return isProcessAlive(Number(pid), identity);
}

async function create(folder: string, name: string): Promise<void> {
  await (await open(join(folder, name), 'a', 0o600)).close();
}

async function remove(folder: string, ...names: string[]): Promise<void> {
  for (const name of names) await rm(join(folder, name), { force: true });
}
