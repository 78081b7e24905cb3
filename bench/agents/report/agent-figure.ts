import { quantile } from '../../measure/quantile.ts';
import type { Target, Unit } from '../../report/figure.ts';

export const AGENT_SECTION_NAMES = ['boot', 'calls', 'memory', 'metering', 'snapshots', 'recordings'] as const;
export type AgentSectionName = (typeof AGENT_SECTION_NAMES)[number];

/** The same measure of something else, in the same run. */
export interface Beside {
  readonly name: string;
  /** the median where there are several samples */
  readonly value: number;
}

/** One line of the report. */
export interface AgentFigure {
  readonly section: AgentSectionName;
  readonly name: string;
  readonly unit: Unit;
  /** the median where there are several samples */
  readonly value: number;
  readonly p99?: number;
  /** how many were measured */
  readonly samples: number;
  readonly beside: readonly Beside[];
  readonly targets: readonly Target[];
}

export interface Measured {
  readonly section: AgentSectionName;
  readonly name: string;
  readonly unit: Unit;
  readonly beside?: readonly Beside[];
}

/** Median and 99th percentile. `targets` of the median. */
export function sampled({ beside = [], ...measured }: Measured, samples: readonly number[], targets: (median: number) => readonly Target[] = () => []): AgentFigure {
  const value = quantile(samples, 0.5);
  return { ...measured, value, p99: quantile(samples, 0.99), samples: samples.length, beside, targets: targets(value) };
}

/** A figure that was measured once, over `samples` of whatever it is of. */
export function single({ beside = [], ...measured }: Measured, value: number, samples: number, targets: readonly Target[] = []): AgentFigure {
  return { ...measured, value, samples, beside, targets };
}
