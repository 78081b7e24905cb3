import type { BenchScope } from '../bench-scope.ts';
import type { DensitySize } from './density-size.ts';
import type { DensityFigure } from './report/density-figure.ts';

/** Apps of distinct source that a host has built before: `small-0`, `small-1`, … */
export interface BuiltApps {
  readonly folder: string;
  readonly dataDir: string;
  /** of the start that built them all, until it was ready */
  readonly firstReadyMs: number;
}

/** What the sections of the density bench share. */
export interface DensityRun {
  readonly scope: BenchScope;
  readonly built: BuiltApps;
  readonly size: DensitySize;
  readonly cells: number;
  /** progress, for people */
  say(text: string): void;
  /** one line of what was done, for the report */
  note(text: string): void;
}

export type DensitySection = (run: DensityRun) => Promise<DensityFigure[]>;
