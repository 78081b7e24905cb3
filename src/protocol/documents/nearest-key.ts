/** Keys longer than this are nobody's slip of the finger, and cost too much to compare. */
const KEY_LENGTH_MAX = 64;

/** The valid key that was most likely meant: two letters of it wrong, or a third (Levenshtein distance). */
export function nearestKey(key: string, validKeys: readonly string[]): string | undefined {
  if (key.length > KEY_LENGTH_MAX) return undefined;
  let nearest: string | undefined;
  let least = Infinity;
  for (const valid of validKeys) {
    const distance = levenshtein(key.toLowerCase(), valid.toLowerCase());
    if (distance >= least || distance > Math.max(2, Math.floor(valid.length / 3))) continue;
    nearest = valid;
    least = distance;
  }
  return nearest;
}

/** Fewest insertions, deletions and replacements between two texts (Wagner and Fischer, 1974). */
function levenshtein(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
