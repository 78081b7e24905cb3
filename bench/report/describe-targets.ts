import type { Target } from './figure.ts';

export function describeTargets(targets: readonly Target[]): string {
  return targets.map(({ text, isMet }) => `${text} ${isMet ? 'met' : 'MISSED'}`).join(', ');
}

export function summarizeTargets(figures: readonly { readonly targets: readonly Target[] }[]): string {
  const targets = figures.flatMap((figure) => figure.targets);
  return `${targets.filter(({ isMet }) => isMet).length} of ${targets.length} targets met`;
}
