/** Cuts a text that comes in pieces before the first of some strings. What may be the beginning of one is held back until it is known. */
export class StopFinder {
  readonly #stops: readonly string[];
  #held = '';
  #isFound = false;

  /** @param stops none of them empty */
  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  get isFound(): boolean {
    return this.#isFound;
  }

  /** The text that is certain now. */
  push(piece: string): string {
    if (this.#isFound) return '';
    const text = this.#held + piece;
    const at = Math.min(...this.#stops.map((stop) => text.indexOf(stop)).filter((index) => index >= 0));
    if (at !== Infinity) {
      this.#isFound = true;
      this.#held = '';
      return text.slice(0, at);
    }
    const held = Math.max(0, ...this.#stops.map((stop) => overlap(text, stop)));
    this.#held = text.slice(text.length - held);
    return text.slice(0, text.length - held);
  }

  /** What was held back, when no more comes. */
  end(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }
}

/** How long the end of `text` is that `stop` begins with. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (stop.startsWith(text.slice(text.length - length))) return length;
  }
  return 0;
}
