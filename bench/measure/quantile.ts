/** The value below which `part` (0 to 1) of the values lie: the nearest rank, so that it is always one of them. Throws on no values. */
export function quantile(values: readonly number[], part: number): number {
  if (values.length === 0) throw new RangeError('No values to take a quantile of');
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(part * sorted.length));
  return sorted[rank - 1]!;
}
