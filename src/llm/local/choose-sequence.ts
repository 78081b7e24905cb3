/** A sequence of a context that no call uses. */
export interface IdleSequence {
  /** evaluated tokens that it holds */
  readonly tokens: readonly number[];
  /** when its last call ended */
  readonly usedMs: number;
}

/** What a sequence holds is worth something while its owner may come back. */
const WARM_MS = 60_000;

/**
 * The index of the sequence that a prompt is best evaluated on: the more of the prompt it holds already, the better, and the less that its last owner
 * could have used again, the better. Among equals the one that has been idle longest.
 */
export function chooseSequence(idle: readonly IdleSequence[], prompt: readonly number[], nowMs: number): number {
  let best = -1;
  let bestScore = -Infinity;
  for (const [index, { tokens, usedMs }] of idle.entries()) {
    const common = commonPrefix(tokens, prompt);
    const lost = nowMs - usedMs < WARM_MS ? tokens.length - common : 0;
    const score = common - lost;
    if (score > bestScore || (score === bestScore && usedMs < (idle[best]?.usedMs ?? Infinity))) {
      best = index;
      bestScore = score;
    }
  }
  return best;
}

function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const max = Math.min(a.length, b.length);
  let length = 0;
  while (length < max && a[length] === b[length]) length++;
  return length;
}
