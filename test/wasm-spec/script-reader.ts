/** A form of a .wast script: an atom, a string, or a list with the range of text that it stands in. */
export type Form = { readonly kind: 'atom'; readonly text: string } | { readonly kind: 'string'; readonly bytes: Uint8Array } | List;

export interface List {
  readonly kind: 'list';
  readonly items: readonly Form[];
  /** with its parentheses */
  readonly source: string;
  readonly line: number;
}

const TOKEN = /\s+|;;[^\n]*|\(;|\(|\)|"(?:[^"\\]|\\[^])*"|[^\s()";]+|;/uy;

/** Splits a script into its top-level forms. */
export function readScript(text: string): List[] {
  const root: Form[] = [];
  const open: { items: Form[]; start: number }[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const start = TOKEN.lastIndex;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) throw new Error(`Not a token at ${start}: ${text.slice(start, start + 20)}`);
    const items = open.at(-1)?.items ?? root;
    if (token === '(;') TOKEN.lastIndex = endOfComment(text, start);
    else if (token === '(') open.push({ items: [], start });
    else if (token === ')') close(text, TOKEN.lastIndex, open, root);
    else if (token.startsWith('"')) items.push({ kind: 'string', bytes: unescape(token.slice(1, -1)) });
    else if (!/^\s|^;;/u.test(token)) items.push({ kind: 'atom', text: token });
  }
  return root.filter((form) => form.kind === 'list');
}

function close(text: string, end: number, open: { items: Form[]; start: number }[], root: Form[]): void {
  const list = open.pop();
  if (list === undefined) throw new Error(`A parenthesis too many at ${end}`);
  const line = open.length === 0 ? text.slice(0, list.start).split('\n').length : 0;
  (open.at(-1)?.items ?? root).push({ kind: 'list', items: list.items, source: text.slice(list.start, end), line });
}

/** Block comments nest. */
function endOfComment(text: string, start: number): number {
  const marks = /\(;|;\)/gu;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === '(;' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  throw new Error(`A comment without an end at ${start}`);
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', '"': '"', "'": "'", '\\': '\\' };

function unescape(text: string): Uint8Array {
  const parts: Buffer[] = [];
  for (const [part, hex, unicode, letter] of text.matchAll(/\\([0-9a-fA-F]{2})|\\u\{([0-9a-fA-F_]+)\}|\\(.)|[^\\]+/gsu)) {
    if (hex !== undefined) parts.push(Buffer.from(hex, 'hex'));
    else if (unicode !== undefined) parts.push(Buffer.from(String.fromCodePoint(Number.parseInt(unicode.replaceAll('_', ''), 16))));
    else parts.push(Buffer.from(letter === undefined ? part : (ESCAPES[letter] ?? letter)));
  }
  return new Uint8Array(Buffer.concat(parts));
}

export function isList(form: Form | undefined, head?: string): form is List {
  return form?.kind === 'list' && (head === undefined || atom(form.items[0]) === head);
}

export function atom(form: Form | undefined): string | undefined {
  return form?.kind === 'atom' ? form.text : undefined;
}

export function stringOf(form: Form | undefined): string {
  if (form?.kind !== 'string') throw new Error('A string is missing');
  return Buffer.from(form.bytes).toString('utf8');
}
