import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { NanosError } from '../protocol/errors.ts';
import { writeFileAtomic } from '../util/atomic-file.ts';
import { isMissing } from '../util/file-error.ts';

const FORMAT = 1;
/** Of one binding; the oldest are forgotten first, and can't be asked for any more. */
const RUNS_MAX = 1_000;

const runSchema = z.object({
  id: z.string(),
  app: z.string(),
  binding: z.string(),
  /** tokens that the app was charged for it so far */
  charged: z.number().nonnegative(),
  /** it may still use some */
  isOpen: z.boolean(),
});
const fileSchema = z.object({ format: z.literal(FORMAT), runs: z.array(runSchema) });

/** A run that an app has started. */
export type AppRun = z.infer<typeof runSchema>;

/** Which runs belong to which binding of which app: kept in a file, because runs outlive the host. */
export class AppRunList {
  readonly #file: string;
  readonly #runs: Map<string, AppRun>;
  #writing: Promise<void> = Promise.resolve();
  #isStale = false;

  private constructor(file: string, runs: Map<string, AppRun>) {
    this.#file = file;
    this.#runs = runs;
  }

  static async open(file: string): Promise<AppRunList> {
    try {
      const { runs } = fileSchema.parse(JSON.parse(await readFile(file, 'utf8')));
      return new AppRunList(file, new Map(runs.map((run) => [run.id, run])));
    } catch (cause) {
      if (isMissing(cause)) return new AppRunList(file, new Map());
      throw new NanosError('config_invalid', `${file} can't be read: which runs belong to which app is in it. Remove it, and apps know their earlier runs no more`, { cause });
    }
  }

  /** Throws `not_found` for a run of anybody else, too. */
  get(id: string, app: string, binding: string): AppRun {
    const run = this.#runs.get(id);
    if (run?.app === app && run.binding === binding) return run;
    throw new NanosError('not_found', `No run of this binding has the id ${JSON.stringify(id)}`);
  }

  open(app: string, binding: string): AppRun[] {
    return this.#of(app, binding).filter(({ isOpen }) => isOpen);
  }

  add(id: string, app: string, binding: string): AppRun {
    const run: AppRun = { id, app, binding, charged: 0, isOpen: true };
    this.#runs.set(id, run);
    const own = this.#of(app, binding);
    for (const { id: oldest } of own.slice(0, Math.max(0, own.length - RUNS_MAX))) this.#runs.delete(oldest);
    this.#write();
    return run;
  }

  change(run: AppRun, change: Pick<AppRun, 'charged' | 'isOpen'>): void {
    if (run.charged === change.charged && run.isOpen === change.isOpen) return;
    Object.assign(run, change);
    this.#write();
  }

  async close(): Promise<void> {
    await this.#writing;
  }

  #of(app: string, binding: string): AppRun[] {
    return [...this.#runs.values()].filter((run) => run.app === app && run.binding === binding);
  }

  /** What changes while the file is written is in the next one. */
  #write(): void {
    if (this.#isStale) return;
    this.#isStale = true;
    this.#writing = this.#writing.then(() => {
      this.#isStale = false;
      return writeFileAtomic(this.#file, JSON.stringify({ format: FORMAT, runs: [...this.#runs.values()] }));
    });
  }
}
