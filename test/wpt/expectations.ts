/** What is known not to hold, and why. Whatever else fails, and whatever of it holds after all, is unexpected. */
import { z } from 'zod';

/** `*` stands for any characters, also in file names. */
const entrySchema = z.strictObject({
  reason: z.string().min(10),
  /** test ids (path and variant) */
  tests: z.array(z.string()).min(1),
  /** names of subtests; absent: all of them */
  subtests: z.array(z.string()).min(1).optional(),
});

const schema = z.strictObject({
  /** subtests that ask for what servers have not; they count in no score */
  notApplicable: z.array(entrySchema),
  /** whole files that are not even run */
  notRun: z.array(entrySchema.omit({ subtests: true })),
  failures: z.array(entrySchema),
});

export type Entry = z.infer<typeof entrySchema>;

export class Expectations {
  readonly #data: z.infer<typeof schema>;
  readonly #patterns = new Map<string, RegExp>();
  readonly #used = new Set<Entry>();

  /** Throws when `json` is not of its form. */
  constructor(json: unknown) {
    this.#data = schema.parse(json);
  }

  isNotRun(id: string): boolean {
    return this.#data.notRun.some((entry) => this.#matches(entry, id));
  }

  /** The entry for what applies to nobody here. */
  notApplicable(id: string, subtest: string): Entry | undefined {
    return this.#find(this.#data.notApplicable, id, subtest);
  }

  /** The entry that expects this subtest to fail. */
  failure(id: string, subtest: string): Entry | undefined {
    return this.#find(this.#data.failures, id, subtest);
  }

  /** Entries about tests that ran, none of whose subtests {@link failed}. */
  stale(ids: readonly string[]): Entry[] {
    return this.#data.failures.filter((entry) => !this.#used.has(entry) && ids.some((id) => this.#matches(entry, id)));
  }

  /** Notes that an entry was needed. */
  use(entry: Entry): void {
    this.#used.add(entry);
  }

  #find(entries: readonly Entry[], id: string, subtest: string): Entry | undefined {
    return entries.find((entry) => this.#matches(entry, id) && (entry.subtests === undefined || entry.subtests.some((name) => this.#pattern(name).test(subtest))));
  }

  #matches(entry: Omit<Entry, 'subtests'>, id: string): boolean {
    return entry.tests.some((pattern) => this.#pattern(pattern).test(id));
  }

  #pattern(text: string): RegExp {
    let pattern = this.#patterns.get(text);
    if (pattern === undefined) {
      const source = text.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*');
      this.#patterns.set(text, (pattern = new RegExp(`^${source}$`, 's')));
    }
    return pattern;
  }
}
