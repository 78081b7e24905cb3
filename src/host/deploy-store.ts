import { randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { NanosError } from '../protocol/errors.ts';
import { isAppName } from '../protocol/hostname.ts';
import { HOST_LIMITS } from '../protocol/limits.ts';
import { writeFileAtomic } from '../util/atomic-file.ts';
import type { DataDir } from './data-dir.ts';
import { syncFolder } from './sync-folder.ts';

export interface DeployedVersion {
  readonly version: number;
  readonly folder: string;
}

export interface DeployedApp {
  readonly name: string;
  /** the version that serves */
  readonly current: DeployedVersion;
  /** newest first */
  readonly versions: readonly number[];
}

/**
 * Uploaded apps: `<data>/apps/<name>/<version>/` holds a version's files, `<data>/apps/<name>/current` the number of the one that serves.
 *
 * A version appears whole (renamed into place) and an app disappears whole (renamed away), so a process that is killed at any moment leaves
 * only rubbish under the data directory's `tmp`, which is emptied at the next start, or versions that were never activated. A version's files
 * are on the disk before it appears.
 */
export class DeployStore {
  readonly #root: string;
  readonly #temporary: string;

  private constructor(dataDir: DataDir) {
    this.#root = join(dataDir.path, 'apps');
    this.#temporary = dataDir.temporary;
  }

  static async open(dataDir: DataDir): Promise<DeployStore> {
    const store = new DeployStore(dataDir);
    await mkdir(store.#root, { recursive: true, mode: 0o700 });
    await store.#clean();
    return store;
  }

  /** Every app that has a version to serve, sorted by name. */
  async list(): Promise<DeployedApp[]> {
    const names = (await readdir(this.#root)).filter(isAppName).toSorted();
    const apps = await Promise.all(names.map((name) => this.get(name)));
    return apps.filter((app) => app !== undefined);
  }

  async get(name: string): Promise<DeployedApp | undefined> {
    checkName(name);
    const versions = await this.#versions(name);
    const version = await this.#current(name);
    if (version === undefined || !versions.includes(version)) return undefined;
    return { name, current: { version, folder: this.#folder(name, version) }, versions };
  }

  /** Moves `folder`, which must be on the data directory's file system, in as the next version. It serves only after {@link activate}. */
  async add(name: string, folder: string): Promise<DeployedVersion> {
    checkName(name);
    await mkdir(join(this.#root, name), { recursive: true, mode: 0o700 });
    await syncFolder(folder);
    let version = Math.max(0, ...(await this.#versions(name)), (await this.#current(name)) ?? 0);
    for (;;) {
      version++;
      const target = this.#folder(name, version);
      if (await tryRename(folder, target)) return { version, folder: target };
    }
  }

  /** Makes `version` the one that serves, and drops the oldest beyond HOST_LIMITS.versionsKeptMax. Throws `not_found`. */
  async activate(name: string, version: number): Promise<DeployedVersion> {
    checkName(name);
    const versions = await this.#versions(name);
    if (!versions.includes(version)) throw noSuchVersion(name, version, versions);
    await writeFileAtomic(this.#currentFile(name), `${version}\n`);
    const kept = new Set([version, ...versions.filter((each) => each !== version).slice(0, HOST_LIMITS.versionsKeptMax - 1)]);
    await Promise.all(versions.filter((each) => !kept.has(each)).map((each) => this.#drop(this.#folder(name, each))));
    return { version, folder: this.#folder(name, version) };
  }

  /** Drops a version that does not serve, as after a build that failed. */
  async discard(name: string, version: number): Promise<void> {
    checkName(name);
    if ((await this.#current(name)) === version) throw new NanosError('forbidden', `Version ${version} of ${name} is the one that serves`);
    await this.#drop(this.#folder(name, version));
    await rmdir(join(this.#root, name)).catch(ignoreWhenNotEmpty);
  }

  /** Throws `not_found` when there is no such app. */
  async remove(name: string): Promise<void> {
    checkName(name);
    if (!(await this.#drop(join(this.#root, name)))) throw new NanosError('not_found', `No app named ${name} is deployed`);
  }

  async #drop(path: string): Promise<boolean> {
    const grave = join(this.#temporary, `dropped-${randomBytes(8).toString('hex')}`);
    try {
      await rename(path, grave);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false;
      throw error;
    }
    await rm(grave, { recursive: true, force: true });
    return true;
  }

  async #clean(): Promise<void> {
    for (const name of await readdir(this.#root)) {
      const folder = join(this.#root, name);
      if (!isAppName(name) || (await this.get(name)) === undefined) await this.#drop(folder);
      else await this.#dropStray(folder);
    }
  }

  async #dropStray(folder: string): Promise<void> {
    for (const entry of await readdir(folder)) {
      if (entry !== 'current' && versionOf(entry) === undefined) await this.#drop(join(folder, entry));
    }
  }

  async #versions(name: string): Promise<number[]> {
    const entries = await readdir(join(this.#root, name)).catch(emptyWhenAbsent);
    return entries.map(versionOf).filter((version) => version !== undefined).toSorted((a, b) => b - a);
  }

  async #current(name: string): Promise<number | undefined> {
    try {
      return versionOf((await readFile(this.#currentFile(name), 'utf8')).trim());
    } catch (error) {
      if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
      throw error;
    }
  }

  #currentFile(name: string): string {
    return join(this.#root, name, 'current');
  }

  #folder(name: string, version: number): string {
    return join(this.#root, name, String(version));
  }
}

function checkName(name: string): void {
  if (!isAppName(name)) throw new NanosError('app_name_invalid', `${JSON.stringify(name)} is no app name. Use lower-case letters, digits and hyphens, at most 63`);
}

function versionOf(text: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

function noSuchVersion(name: string, version: number, versions: readonly number[]): NanosError {
  return new NanosError('not_found', `${name} has no version ${version}. Kept are: ${versions.join(', ') || 'none'}`);
}

async function tryRename(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOTEMPTY') || hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function emptyWhenAbsent(error: unknown): string[] {
  if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return [];
  throw error;
}

function ignoreWhenNotEmpty(error: unknown): void {
  if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'EEXIST') && !hasCode(error, 'ENOENT')) throw error;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
