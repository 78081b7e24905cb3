import type { BenchScope } from './bench-scope.ts';
import type { Figure } from './report/figure.ts';
import type { BenchSize } from './bench-size.ts';

/** What the sections of a bench share. */
export interface BenchRun {
  readonly scope: BenchScope;
  readonly size: BenchSize;
  /** undefined: not to be had, its column stays empty */
  readonly workerd: string | undefined;
  /** progress, for people */
  say(text: string): void;
  /** one line of what was done, for the report */
  note(text: string): void;
}

export type BenchSection = (run: BenchRun) => Promise<Figure[]>;
