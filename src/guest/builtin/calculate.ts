/** Arithmetic as people write it: numbers, `+ - * / % ^`, parentheses. */

const TOKEN = /\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|([-+*/%^()×÷−]))/uy;
const LOOKALIKES: Readonly<Record<string, string>> = { '×': '*', '÷': '/', '−': '-' };
const DEPTH_MAX = 50;

/** The value of an expression. Throws a SyntaxError or RangeError that says what is wrong with it. */
export function calculate(expression: string): number {
  const reader = new Reader(expression);
  const value = reader.sum();
  reader.end();
  if (!Number.isFinite(value)) throw new RangeError('the result is no finite number');
  return value;
}

class Reader {
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(expression: string) {
    this.#tokens = tokensOf(expression);
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw new SyntaxError(`unexpected ${this.#tokens[this.#at]}`);
  }

  sum(): number {
    let value = this.#product();
    for (;;) {
      if (this.#take('+')) value += this.#product();
      else if (this.#take('-')) value -= this.#product();
      else return value;
    }
  }

  #product(): number {
    let value = this.#signed();
    for (;;) {
      if (this.#take('*')) value *= this.#signed();
      else if (this.#take('/')) value /= this.#signed();
      else if (this.#take('%')) value %= this.#signed();
      else return value;
    }
  }

  /** A sign binds weaker than a power: -2^2 is -4. */
  #signed(): number {
    return this.#deeper(() => {
      if (this.#take('-')) return -this.#signed();
      if (this.#take('+')) return this.#signed();
      return this.#power();
    });
  }

  #power(): number {
    const base = this.#atom();
    return this.#take('^') ? base ** this.#signed() : base;
  }

  #atom(): number {
    if (this.#take('(')) {
      const value = this.sum();
      if (!this.#take(')')) throw new SyntaxError('a ) is missing');
      return value;
    }
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new SyntaxError('the expression ends too early');
    const value = Number(token);
    if (Number.isNaN(value)) throw new SyntaxError(`unexpected ${token}`);
    return value;
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #deeper<T>(read: () => T): T {
    if (++this.#depth > DEPTH_MAX) throw new RangeError('the expression is nested too deep');
    const value = read();
    this.#depth--;
    return value;
  }
}

function tokensOf(expression: string): string[] {
  const tokens: string[] = [];
  const text = expression.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new SyntaxError(`unexpected ${text.slice(from).trim().slice(0, 20)}`);
    const [, number, sign = ''] = match;
    tokens.push(number ?? LOOKALIKES[sign] ?? sign);
  }
  return tokens;
}
