/** How much the first places count against the later ones; the value of the paper. */
const K = 60;

/**
 * Several rankings of the same things as one, best first: reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009). What stands in several counts
 * for its place in each; among equals the order of the first ranking.
 */
export function fuseRanks(rankings: readonly (readonly number[])[]): number[] {
  const scores = new Map<number, number>();
  for (const ranking of rankings) {
    for (const [place, id] of ranking.entries()) scores.set(id, (scores.get(id) ?? 0) + 1 / (K + place + 1));
  }
  return [...scores].toSorted((a, b) => b[1] - a[1]).map(([id]) => id);
}
