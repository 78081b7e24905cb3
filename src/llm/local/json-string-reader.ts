const SHORT_ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** The value of a JSON string that comes in pieces, from behind its opening quote. It must be valid as far as it goes: a grammar made it. */
export class JsonStringReader {
  /** an escape that is not complete */
  #escape = '';
  /** the first half of a character beyond the basic plane; alone it is no text */
  #half = '';
  #isOver = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  push(piece: string): string {
    let text = this.#half;
    for (const unit of piece) {
      if (this.#isOver) break;
      text += this.#take(unit);
    }
    this.#half = /[\uD800-\uDBFF]$/.exec(text)?.[0] ?? '';
    return text.slice(0, text.length - this.#half.length);
  }

  #take(unit: string): string {
    if (this.#escape === '') {
      if (unit === '\\') this.#escape = unit;
      else if (unit === '"') this.#isOver = true;
      else return unit;
      return '';
    }
    this.#escape += unit;
    if (this.#escape[1] === 'u' && this.#escape.length < 6) return '';
    const [, kind = '', ...digits] = this.#escape;
    this.#escape = '';
    return kind === 'u' ? String.fromCharCode(Number.parseInt(digits.join(''), 16)) : (SHORT_ESCAPES[kind] ?? kind);
  }
}
