import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RunEntry } from '../protocol/agent/recording.ts';
import { NanosError } from '../protocol/errors.ts';
import { copyJournal, HALF_MADE } from './copy-journal.ts';
import { removeJournalFiles } from './journal-file.ts';
import { JournalReader } from './journal-reader.ts';
import { JournalWriter, type JournalWriterOptions } from './journal-writer.ts';
import { RUN_ID_PATTERN, runStartedMs } from './run-id.ts';
import { isRunLocked, takeRunLock } from './run-lock.ts';
import { journalBytes, summarizeRun, type RunSummary } from './run-summary.ts';

/** What is kept of runs that are not under way and do not wait for a person's word; past any of these the oldest are deleted. The table is in docs/recording.md. */
export interface Retention {
  readonly runsKeptMax: number;
  readonly runsBytesMax: number;
  readonly runAgeMsMax: number;
}

export const DEFAULT_RETENTION: Retention = {
  runsKeptMax: 1_000,
  runsBytesMax: 8 * 1024 * 1024 * 1024,
  runAgeMsMax: 90 * 24 * 60 * 60 * 1_000,
};

const HALF_MADE_MS_MAX = 60 * 60 * 1_000;
const SUFFIX = '.sqlite';

/** The runs on record below a data directory: `<data>/runs/<id>.sqlite`. */
export class RunStore {
  readonly folder: string;

  constructor(dataFolder: string) {
    this.folder = join(resolve(dataFolder), 'runs');
  }

  create(run: RunEntry, options: JournalWriterOptions = {}): JournalWriter {
    return JournalWriter.create(this.folder, run, options);
  }

  /** The newest first, of those older than `before` when it is given; each is looked at when it is asked for. */
  *list(before?: string): Generator<RunSummary, void> {
    const ids = this.#ids().filter((id) => before === undefined || id < before);
    for (const id of ids.toReversed()) yield summarizeRun(this.#fileOf(id), id);
  }

  /** Whether there is a run with exactly this id. */
  has(id: string): boolean {
    return RUN_ID_PATTERN.test(id) && existsSync(this.#fileOf(id));
  }

  /**
   * The file of a run named by its id, by the beginning of one, as `last`, or by the path of a recording (with a slash or ending in `.sqlite`).
   * Throws `not_found`, and `usage` when several ids begin so.
   */
  find(reference: string): string {
    if (reference.includes('/') || reference.endsWith(SUFFIX)) return resolve(reference);
    return this.#fileOf(this.#idOf(reference));
  }

  /** Removes a run that is not under way. Throws `run_in_use`, `not_found`, `usage`. Gives the id. */
  delete(reference: string): string {
    const id = this.#idOf(reference);
    const file = this.#fileOf(id);
    const lock = takeRunLock(file);
    try {
      removeJournalFiles(file);
    } finally {
      lock.release(true);
    }
    return id;
  }

  /**
   * Checks a run and writes it to one file, with its module, from which it can be replayed anywhere. `loadModule` is asked for the module, as it was given, when
   * the recording does not carry it. Throws `recording_corrupt`, `recording_full`.
   */
  async export(reference: string, target: string, loadModule: (run: RunEntry['head']) => Promise<Uint8Array>, onProgress?: (done: number) => void): Promise<void> {
    const reader = JournalReader.open(this.find(reference));
    try {
      const module = reader.module() ?? (await loadModule(reader.run.head));
      await copyJournal(reader, resolve(target), { module, replace: true, onProgress });
    } finally {
      reader.close();
    }
  }

  /**
   * Takes in a stranger's recording, checked from end to end and written anew, with its module, by which it is known for a stranger's. Gives the id of the run; one that is there already stays as it is.
   * Throws `run_exists` when another one with its id is there, `not_found`, `recording_invalid`, `recording_unsupported`, `recording_corrupt`, `recording_full`.
   */
  async import(file: string, onProgress?: (done: number) => void): Promise<string> {
    const reader = JournalReader.open(resolve(file));
    try {
      const { id } = reader.run.head;
      const target = this.#fileOf(id);
      if (this.#ids().includes(id)) this.#checkSame(reader, target);
      else {
        const module = reader.module();
        if (module === undefined) throw new NanosError('recording_invalid', `The recording ${reader.file} carries no module: make it with nanos runs export`);
        mkdirSync(this.folder, { recursive: true, mode: 0o700 });
        await copyJournal(reader, target, { module, replace: false, onProgress });
      }
      return id;
    } finally {
      reader.close();
    }
  }

  /** Deletes the oldest runs that are not under way and do not wait for approval, until the rest is within bounds. Gives their ids. */
  prune(nowMs: number, retention: Retention = DEFAULT_RETENTION): string[] {
    this.#removeHalfMade(nowMs);
    const runs = this.#ids().map((id) => ({ id, bytes: journalBytes(this.#fileOf(id)) }));
    let kept = runs.length;
    let bytes = runs.reduce((sum, run) => sum + run.bytes, 0);
    const deleted: string[] = [];
    for (const run of runs) {
      const isTooOld = nowMs - runStartedMs(run.id) > retention.runAgeMsMax;
      if (!isTooOld && kept <= retention.runsKeptMax && bytes <= retention.runsBytesMax) break;
      if (!this.#deleteUnlessUnderWay(run.id)) continue;
      deleted.push(run.id);
      kept--;
      bytes -= run.bytes;
    }
    return deleted;
  }

  #deleteUnlessUnderWay(id: string): boolean {
    const file = this.#fileOf(id);
    if (isRunLocked(file) || summarizeRun(file, id).status === 'waiting') return false;
    try {
      this.delete(id);
      return true;
    } catch (error) {
      if (error instanceof NanosError && (error.code === 'run_in_use' || error.code === 'not_found')) return false;
      throw error;
    }
  }

  #checkSame(reader: JournalReader, present: string): void {
    const other = JournalReader.open(present);
    try {
      if (other.length === reader.length && Buffer.compare(other.lastHash(), reader.lastHash()) === 0) return void reader.verify();
    } finally {
      other.close();
    }
    throw new NanosError('run_exists', `Another recording of the run ${reader.run.head.id} is there already. Remove it with nanos runs delete, or import into another --data directory`);
  }

  /** What a process left that died over an export or import. */
  #removeHalfMade(nowMs: number): void {
    for (const name of this.#names().filter((name) => name.endsWith(HALF_MADE))) {
      const file = join(this.folder, name);
      const changed = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? nowMs;
      if (nowMs - changed > HALF_MADE_MS_MAX) rmSync(file, { force: true });
    }
  }

  #idOf(reference: string): string {
    const ids = this.#ids();
    const found = reference === 'last' ? ids.slice(-1) : ids.filter((id) => id.startsWith(reference));
    const [id] = found;
    if (id === undefined) throw new NanosError('not_found', reference === 'last' ? `No run is on record in ${this.folder}` : `No run with the id ${reference} is on record in ${this.folder}`);
    if (found.length > 1 && id !== reference) throw new NanosError('usage', `${found.length} runs have ids that begin with ${JSON.stringify(reference)}: ${found.slice(0, 5).join(', ')}. Give more of it`);
    return id;
  }

  #fileOf(id: string): string {
    return join(this.folder, id + SUFFIX);
  }

  /** The oldest first. */
  #ids(): string[] {
    return this.#names()
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => name.slice(0, -SUFFIX.length))
      .filter((id) => RUN_ID_PATTERN.test(id))
      .toSorted();
  }

  #names(): string[] {
    try {
      return readdirSync(this.folder);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    }
  }
}
