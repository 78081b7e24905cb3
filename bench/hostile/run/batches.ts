import type { Program } from '../read-programs.ts';

/** Programs to be run at once: those that must be alone are, after all others; what a batch may cost a cell it costs few. */
export function batches(programs: readonly Program[], batchMax: number): Program[][] {
  const together = programs.filter(({ isAlone }) => !isAlone);
  const result: Program[][] = [];
  for (let at = 0; at < together.length; at += batchMax) result.push(together.slice(at, at + batchMax));
  return [...result, ...programs.filter(({ isAlone }) => isAlone).map((program) => [program])];
}
