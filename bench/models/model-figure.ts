import { quantile } from '../measure/quantile.ts';
import type { Target, Unit } from '../report/figure.ts';

export const MODEL_SECTION_NAMES = ['throughput', 'apps', 'start'] as const;
export type ModelSectionName = (typeof MODEL_SECTION_NAMES)[number];

/** One line of the report. */
export interface ModelFigure {
  readonly section: ModelSectionName;
  readonly name: string;
  readonly unit: Unit;
  /** the median where there are several samples */
  readonly value: number;
  readonly p99?: number;
  /** how many were measured */
  readonly samples: number;
  /** the same measure of node-llama-cpp by itself, in the same run */
  readonly bare?: number;
  readonly targets: readonly Target[];
}

/** Median and 99th percentile. */
export function modelFigure(section: ModelSectionName, name: string, unit: Unit, samples: readonly number[]): ModelFigure {
  return { section, name, unit, value: quantile(samples, 0.5), p99: quantile(samples, 0.99), samples: samples.length, targets: [] };
}
