import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { RUN_ID_PATTERN } from '../recording/run-id.ts';
import { isMissing } from '../util/file-error.ts';

const hostedRunSchema = z.object({
  id: z.string().regex(RUN_ID_PATTERN),
  agent: z.string(),
  /** where its manifest was read; absent for a fork */
  manifestFile: z.string().optional(),
  /** how often it was taken up after the process had died */
  resumes: z.int().nonnegative(),
  /** of those, how often in a row without an entry since */
  withoutProgress: z.int().nonnegative(),
  /** of its journal when it was last taken up */
  entries: z.int().nonnegative(),
  /** it rests because the host was stopped in good order */
  suspended: z.boolean(),
  /** why only a person can say how it goes on */
  uncertain: z.string().optional(),
  /** for a person's word about calls */
  waiting: z.boolean().optional(),
});

/** A run that the host has promised to bring to its end. */
export type HostedRun = z.infer<typeof hostedRunSchema>;

const SUFFIX = '.json';

/**
 * The runs that the host goes on with when its agents' process, or the host itself, was ended: `<data>/agents/<id>.json`, one file each, written and removed whole. A run of the command line is none of them:
 * whoever typed it goes on with it.
 */
export class HostedRuns {
  readonly folder: string;

  constructor(dataDir: string) {
    this.folder = join(dataDir, 'agents');
  }

  prepare(): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  list(): HostedRun[] {
    return this.#ids().flatMap((id) => this.get(id) ?? []);
  }

  /** Whether there is one that goes on without a person. */
  get anyWaits(): boolean {
    return this.list().some(({ uncertain, waiting }) => uncertain === undefined && waiting !== true);
  }

  /** How many wait for a person's word. */
  get waiting(): number {
    return this.list().filter(({ waiting }) => waiting === true).length;
  }

  /** undefined: none of the host's, or its file is damaged */
  get(id: string): HostedRun | undefined {
    try {
      const parsed = hostedRunSchema.safeParse(JSON.parse(readFileSync(this.#fileOf(id), 'utf8')));
      return parsed.success && parsed.data.id === id ? parsed.data : undefined;
    } catch (error) {
      if (isMissing(error) || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  add(id: string, agent: string, manifestFile: string | undefined): void {
    this.put({ id, agent, manifestFile, resumes: 0, withoutProgress: 0, entries: 0, suspended: false });
  }

  put(run: HostedRun): void {
    const temporary = join(this.folder, `.${run.id}.tmp`);
    writeFileSync(temporary, JSON.stringify(run), { mode: 0o600 });
    renameSync(temporary, this.#fileOf(run.id));
  }

  change(id: string, change: Partial<HostedRun>): void {
    const run = this.get(id);
    if (run !== undefined) this.put({ ...run, ...change });
  }

  remove(id: string): void {
    rmSync(this.#fileOf(id), { force: true });
  }

  #ids(): string[] {
    try {
      const names = readdirSync(this.folder).filter((name) => name.endsWith(SUFFIX));
      return names.map((name) => name.slice(0, -SUFFIX.length)).filter((id) => RUN_ID_PATTERN.test(id)).toSorted();
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  #fileOf(id: string): string {
    return join(this.folder, id + SUFFIX);
  }
}
