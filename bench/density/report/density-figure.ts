import type { Target, Unit } from '../../report/figure.ts';

export const DENSITY_SECTION_NAMES = ['deployed', 'residents'] as const;
export type DensitySectionName = (typeof DENSITY_SECTION_NAMES)[number];

/** One line of the report. */
export interface DensityFigure {
  readonly section: DensitySectionName;
  readonly name: string;
  readonly unit: Unit;
  /** by what `columns` of the report say of the section; undefined: not measured there */
  readonly values: readonly (number | undefined)[];
  readonly targets: readonly Target[];
}

/** Which way a figure is better. */
export type Better = 'lower' | 'higher';

/** No level may be worse than the best one by more than that factor. The first one has a cold host against it, and counts all the same. */
export function flat(values: readonly (number | undefined)[], better: Better, factorMax: number): Target[] {
  const spread = spreadOf(values);
  if (spread === undefined) return [];
  const known = values.filter((value) => value !== undefined);
  const best = better === 'lower' ? Math.min(...known) : Math.max(...known);
  const missed = values.flatMap((value, level) => (value !== undefined && Math.max(value / best, best / value) > factorMax ? [level + 1] : []));
  const where = missed.length === 0 ? '' : ` (column ${missed.join(', ')})`;
  return [{ text: `flat within ${factorMax} ×${where}`, isMet: missed.length === 0 }];
}

/** The largest value over the smallest; undefined without two, or with a 0. */
export function spreadOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  const smallest = Math.min(...known);
  return known.length < 2 || smallest <= 0 ? undefined : Math.max(...known) / smallest;
}

/** A bound that holds at every level. */
export function belowAtEach(values: readonly (number | undefined)[], limit: number, unit: Unit): Target[] {
  const missed = values.flatMap((value, level) => (value !== undefined && value >= limit ? [level + 1] : []));
  return [{ text: `< ${limit} ${unit}${missed.length === 0 ? '' : ` (column ${missed.join(', ')})`}`, isMet: missed.length === 0 }];
}
