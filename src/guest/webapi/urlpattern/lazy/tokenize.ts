/** https://urlpattern.spec.whatwg.org/#tokenizing. Positions count code points. */
export type TokenType = 'open' | 'close' | 'regexp' | 'name' | 'char' | 'escaped-char' | 'other-modifier' | 'asterisk' | 'end' | 'invalid-char';

export interface Token {
  readonly type: TokenType;
  readonly index: number;
  readonly value: string;
}

const single: Readonly<Record<string, TokenType>> = { '*': 'asterisk', '+': 'other-modifier', '?': 'other-modifier', '{': 'open', '}': 'close' };
const nameStart = /^[$_\p{ID_Start}]$/u;
const namePart = /^[$\u200c\u200d\p{ID_Continue}]$/u;

/** https://urlpattern.spec.whatwg.org/#is-a-valid-name-code-point */
export function isNameCodePoint(point: string | undefined, isFirst: boolean): boolean {
  return point !== undefined && (isFirst ? nameStart : namePart).test(point);
}

/** Throws a TypeError for what is no pattern when `isStrict`; else that becomes tokens of type "invalid-char". */
export function tokenize(points: readonly string[], isStrict: boolean): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const add = (type: TokenType, next: number, from = at, to = next): void => {
    tokens.push({ type, index: at, value: points.slice(from, to).join('') });
    at = next;
  };
  const fail = (next: number, problem: string): void => {
    if (isStrict) throw new TypeError(`URLPattern: ${problem} at ${at}`);
    add('invalid-char', next);
  };
  while (at < points.length) {
    const point = points[at]!;
    const type = single[point];
    if (type !== undefined) add(type, at + 1);
    else if (point === '\\') {
      if (at === points.length - 1) fail(at + 1, 'a pattern ends in a backslash');
      else add('escaped-char', at + 2, at + 1);
    } else if (point === ':') {
      const end = nameEnd(points, at + 1);
      if (end === at + 1) fail(end, 'a name is missing');
      else add('name', end, at + 1);
    } else if (point === '(') {
      const end = regexpEnd(points, at + 1);
      if (end === undefined) fail(at + 1, 'a regular expression is malformed');
      else add('regexp', end, at + 1, end - 1);
    } else add('char', at + 1);
  }
  add('end', at, at, at);
  return tokens;
}

function nameEnd(points: readonly string[], start: number): number {
  let end = start;
  while (end < points.length && isNameCodePoint(points[end], end === start)) end++;
  return end;
}

/** The position after the closing parenthesis; undefined when there is none, or the group is empty, not ASCII, or captures. */
function regexpEnd(points: readonly string[], start: number): number | undefined {
  let depth = 1;
  for (let at = start; at < points.length; at++) {
    const point = points[at]!;
    if (point > '\x7f' || (at === start && point === '?')) return undefined;
    if (point === '\\') {
      at++;
      if (at >= points.length || points[at]! > '\x7f') return undefined;
    } else if (point === ')') {
      depth--;
      if (depth === 0) return at === start ? undefined : at + 1;
    } else if (point === '(') {
      depth++;
      if (points[at + 1] !== '?') return undefined;
    }
  }
  return undefined;
}
