const QUOTE = 34;
const BACKSLASH = 92;
const OPENING: ReadonlySet<number> = new Set([91, 123]);
const CLOSING: ReadonlySet<number> = new Set([93, 125]);
const SPACE: ReadonlySet<number> = new Set([9, 10, 13, 32]);

/** Finds the end of one JSON text (RFC 8259) that comes in pieces. It must be valid as far as it goes: a grammar made it. */
export class JsonEnd {
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  #hasBegun = false;
  #isOver = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What belongs to it. A number or a word is known to be over only by the space after it. */
  push(piece: string): string {
    for (let at = 0; at < piece.length; at++) {
      if (this.#isOver) return piece.slice(0, at);
      this.#take(piece.charCodeAt(at));
    }
    return piece;
  }

  #take(unit: number): void {
    if (this.#inString) return this.#takeInString(unit);
    const isSpace = SPACE.has(unit);
    if (unit === QUOTE) this.#inString = true;
    else if (OPENING.has(unit)) this.#depth++;
    else if (CLOSING.has(unit)) this.#depth--;
    if (this.#hasBegun && this.#depth === 0 && (CLOSING.has(unit) || isSpace)) this.#isOver = true;
    this.#hasBegun ||= !isSpace;
  }

  #takeInString(unit: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (unit === BACKSLASH) this.#isEscaped = true;
    else if (unit === QUOTE) {
      this.#inString = false;
      this.#isOver = this.#depth === 0;
    }
  }
}
