import { watch, type FSWatcher } from 'node:fs';
import { NanosError } from '../protocol/errors.ts';

/** Editors write in several steps; a folder is reported once it has been quiet for this long. */
const QUIET_MS = 60;

/** Watches the directories of many apps, one watch a directory, and says which app a change belongs to. */
export class FolderWatcher {
  readonly #changed: (key: string) => void;
  readonly #failed: (key: string, error: NanosError) => void;
  readonly #watched = new Map<string, Map<string, FSWatcher>>();
  readonly #quiet = new Map<string, NodeJS.Timeout>();

  constructor(changed: (key: string) => void, failed: (key: string, error: NanosError) => void) {
    this.#changed = changed;
    this.#failed = failed;
  }

  /** Watches exactly these directories for `key`. */
  set(key: string, directories: ReadonlySet<string>): void {
    const known = this.#watched.get(key) ?? new Map<string, FSWatcher>();
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

  #watch(key: string, directory: string, known: Map<string, FSWatcher>): void {
    try {
      const watcher = watch(directory, { persistent: false }, () => this.#touch(key));
      // a directory that goes away is noticed by its parent's watch or by the next build
      watcher.on('error', () => this.#touch(key));
      known.set(directory, watcher);
    } catch (error) {
      this.#failed(key, watchError(directory, error));
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

function watchError(directory: string, error: unknown): NanosError {
  const code = (error as NodeJS.ErrnoException).code;
  const limit = { ENOSPC: 'fs.inotify.max_user_watches', EMFILE: 'fs.inotify.max_user_instances or the limit on open files (ulimit -n)' }[code ?? ''];
  const why = limit === undefined ? `: ${code ?? 'unknown error'}` : `: this machine's ${limit} is used up; raise it (sysctl) or serve fewer folders`;
  return new NanosError('watch_limit', `Changes in ${directory} are not noticed${why}`, { cause: error });
}
