import { watch } from 'node:fs';
import { NanosError } from '../protocol/errors.ts';

/** Editors write in several steps; a folder is reported once it has been quiet for this long. */
const QUIET_MS = 60;

/** Of node:fs, as far as it is needed here. */
interface DirectoryWatch {
  on(name: 'error', listener: () => void): unknown;
  close(): void;
}

type WatchDirectory = (directory: string, options: { persistent: false }, listener: () => void) => DirectoryWatch;

/** Watches the directories of many apps, one watch a directory, and says which app a change belongs to. */
export class FolderWatcher {
  readonly #changed: (key: string) => void;
  readonly #failed: (key: string, error: NanosError) => void;
  readonly #watchDirectory: WatchDirectory;
  readonly #watched = new Map<string, Map<string, DirectoryWatch>>();
  readonly #quiet = new Map<string, NodeJS.Timeout>();
  #isOverLimit = false;

  constructor(changed: (key: string) => void, failed: (key: string, error: NanosError) => void, watchDirectory: WatchDirectory = watch) {
    this.#changed = changed;
    this.#failed = failed;
    this.#watchDirectory = watchDirectory;
  }

  /** Watches exactly these directories for `key`. That the machine allows no more watches is reported once, however many folders that leaves out. */
  set(key: string, directories: ReadonlySet<string>): void {
    const known = this.#watched.get(key) ?? new Map<string, DirectoryWatch>();
    this.#watched.set(key, known);
    for (const [directory, watcher] of known) {
      if (directories.has(directory)) continue;
      watcher.close();
      known.delete(directory);
    }
    for (const directory of directories) {
      if (!known.has(directory)) this.#watch(key, directory, known);
    }
  }

  #watch(key: string, directory: string, known: Map<string, DirectoryWatch>): void {
    try {
      const watcher = this.#watchDirectory(directory, { persistent: false }, () => this.#touch(key));
      // a directory that goes away is noticed by its parent's watch or by the next build
      watcher.on('error', () => this.#touch(key));
      known.set(directory, watcher);
      this.#isOverLimit = false;
    } catch (error) {
      const limit = limitOf(error);
      if (limit === undefined || !this.#isOverLimit) this.#failed(key, watchError(directory, limit, error));
      if (limit !== undefined) this.#isOverLimit = true;
    }
  }

  #touch(key: string): void {
    clearTimeout(this.#quiet.get(key));
    this.#quiet.set(
      key,
      setTimeout(() => {
        this.#quiet.delete(key);
        if (this.#watched.has(key)) this.#changed(key);
      }, QUIET_MS),
    );
  }

  remove(key: string): void {
    this.set(key, new Set());
    this.#watched.delete(key);
    clearTimeout(this.#quiet.get(key));
    this.#quiet.delete(key);
  }

  close(): void {
    for (const key of this.#watched.keys()) this.remove(key);
  }
}

/** The machine's limit that keeps a folder from being watched; undefined: another reason. */
function limitOf(error: unknown): string | undefined {
  return { ENOSPC: 'fs.inotify.max_user_watches', EMFILE: 'fs.inotify.max_user_instances or the limit on open files (ulimit -n)' }[codeOf(error) ?? ''];
}

function watchError(directory: string, limit: string | undefined, error: unknown): NanosError {
  const what = limit === undefined ? `Changes in ${directory} are not noticed: ${codeOf(error) ?? 'unknown error'}` : overLimit(directory, limit);
  return new NanosError('watch_limit', what, { cause: error });
}

function overLimit(directory: string, limit: string): string {
  return `Changes in ${directory}, and in folders that come after it, are not noticed: this machine's ${limit} is used up; raise it (sysctl), serve fewer folders, or ask for POST /v1/reload after a change`;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
