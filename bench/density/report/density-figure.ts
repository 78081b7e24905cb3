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

/** What may get worse by that factor at most, from its first value to the last. `better`: which way. */
export function flat(values: readonly (number | undefined)[], better: 'lower' | 'higher', factorMax: number): Target[] {
  const change = changeOf(values);
  if (change === undefined) return [];
  const worse = better === 'lower' ? change : 1 / change;
  return [{ text: `flat within ${factorMax} ×`, isMet: worse <= factorMax }];
}

/** The last value over the first; undefined without two. */
export function changeOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  const [first] = known;
  const last = known.at(-1);
  return first === undefined || last === undefined || known.length < 2 || first === 0 ? undefined : last / first;
}
