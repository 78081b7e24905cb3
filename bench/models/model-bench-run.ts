import type { BenchScope } from '../bench-scope.ts';
import type { ModelBenchSize } from './model-bench-size.ts';
import type { ModelFigure } from './model-figure.ts';

/** What the sections of the models' bench share. */
export interface ModelBenchRun {
  readonly scope: BenchScope;
  readonly size: ModelBenchSize;
  /** progress, for people */
  say(text: string): void;
  /** one line of what was done, for the report */
  note(text: string): void;
}

export type ModelBenchSection = (run: ModelBenchRun) => Promise<ModelFigure[]>;
