/** Half-open: from `start` up to, not including, `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A sequence of units: of UTF-16 code units, or of bytes. */
interface Units {
  readonly length: number;
  at(index: number): number;
}

const ROOT = 0;

/**
 * Finds every occurrence of many patterns in one pass, in time linear in the text whatever the patterns are.
 * Aho and Corasick, "Efficient string matching: an aid to bibliographic search", 1975.
 */
export class PatternFinder {
  /** from `state * #width + unit` to the next state */
  readonly #next = new Map<number, number>();
  /** one more than the highest unit of any pattern */
  readonly #width: number;
  /** by state: where to go on when no pattern goes on with the next unit */
  readonly #fallback: Int32Array;
  /** by state: length of the longest pattern that ends there, or 0 */
  readonly #matched: Int32Array;

  constructor(patterns: readonly string[]) {
    this.#width = 1 + highestUnit(patterns);
    const statesMax = patterns.reduce((sum, { length }) => sum + length, 1);
    this.#fallback = new Int32Array(statesMax);
    this.#matched = new Int32Array(statesMax);
    const levels: [key: number, state: number][][] = [];
    for (const pattern of patterns) this.#add(pattern, levels);
    for (const level of levels) for (const [key, state] of level) this.#link(key, state);
  }

  /** In a text: the patterns' occurrences, overlapping ones as one. */
  inText(text: string): Span[] {
    return this.#find({ length: text.length, at: (index) => text.charCodeAt(index) });
  }

  /** In bytes, where a pattern's units up to 255 stand for themselves. */
  inBytes(bytes: Uint8Array): Span[] {
    return this.#find({ length: bytes.length, at: (index) => bytes[index] ?? 0 });
  }

  #add(pattern: string, levels: [number, number][][]): void {
    let state = ROOT;
    for (let depth = 0; depth < pattern.length; depth++) {
      const key = state * this.#width + pattern.charCodeAt(depth);
      const known = this.#next.get(key);
      state = known ?? this.#next.size + 1;
      if (known !== undefined) continue;
      this.#next.set(key, state);
      (levels[depth] ??= []).push([key, state]);
    }
    this.#matched[state] = pattern.length;
  }

  /** Called level by level: what is shorter is linked before. */
  #link(key: number, state: number): void {
    const unit = key % this.#width;
    const parent = (key - unit) / this.#width;
    const fallback = parent === ROOT ? ROOT : this.#step(this.#fallback[parent] ?? ROOT, unit);
    this.#fallback[state] = fallback;
    if (this.#matched[state] === 0) this.#matched[state] = this.#matched[fallback] ?? 0;
  }

  #step(from: number, unit: number): number {
    if (unit >= this.#width) return ROOT;
    for (let state = from; ; state = this.#fallback[state] ?? ROOT) {
      const next = this.#next.get(state * this.#width + unit);
      if (next !== undefined) return next;
      if (state === ROOT) return ROOT;
    }
  }

  #find(units: Units): Span[] {
    const spans: Span[] = [];
    let state = ROOT;
    for (let index = 0; index < units.length; index++) {
      state = this.#step(state, units.at(index));
      const length = this.#matched[state] ?? 0;
      if (length > 0) addSpan(spans, index + 1 - length, index + 1);
    }
    return spans;
  }
}

/** Ends never decrease; a span may begin before some that were found earlier. */
function addSpan(spans: Span[], start: number, end: number): void {
  let from = start;
  for (let last = spans.at(-1); last !== undefined && last.end > start; last = spans.at(-1)) {
    from = Math.min(from, last.start);
    spans.pop();
  }
  spans.push({ start: from, end });
}

function highestUnit(patterns: readonly string[]): number {
  let highest = 0;
  for (const pattern of patterns) {
    for (let index = 0; index < pattern.length; index++) highest = Math.max(highest, pattern.charCodeAt(index));
  }
  return highest;
}
