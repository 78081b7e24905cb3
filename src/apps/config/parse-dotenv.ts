import { NanosError } from '../../protocol/errors.ts';

const ASSIGNMENT = /[ \t]*(?:export[ \t]+)?([A-Za-z0-9_.-]+)[ \t]*=[ \t]*/y;
const BLANK_OR_COMMENT = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y;
const UNQUOTED = /[^#\n]*/y;
const VALUES: Readonly<Record<string, RegExp>> = { '"': /"((?:\\[^]|[^"\\])*)"/y, "'": /'([^']*)'/y, '`': /`([^`]*)`/y };

/**
 * `KEY=value` lines as the dotenv package reads them: `export` before a key, `#` comments, values bare or in single, double or back quotes,
 * all of which may span lines; only in double quotes `\n` and `\r` are escapes, and other backslashes stay. The last of equal keys holds.
 * What dotenv would pass over in silence is `config_invalid` with its line.
 */
export function parseDotenv(file: string, text: string): Record<string, string> {
  const source = text.replaceAll(/\r\n?/g, '\n');
  const values = new Map<string, string>();
  let at = 0;
  while (at < source.length) {
    const blank = match(BLANK_OR_COMMENT, source, at);
    if (blank !== undefined) {
      at += blank[0].length;
      continue;
    }
    const assignment = match(ASSIGNMENT, source, at);
    const key = assignment?.[1];
    if (assignment === undefined || key === undefined) throw invalid(file, source, at, 'Expected KEY=value');
    if (key === '__proto__') throw invalid(file, source, at, 'Key "__proto__" is not allowed');
    const value = valueAt(file, source, at + assignment[0].length);
    values.set(key, value.text);
    at = value.end;
  }
  return Object.fromEntries(values);
}

interface Value {
  readonly text: string;
  /** start of the next line */
  readonly end: number;
}

function valueAt(file: string, source: string, start: number): Value {
  const quote = source.charAt(start);
  const pattern = VALUES[quote];
  if (pattern === undefined) return bareValueAt(source, start);
  const quoted = match(pattern, source, start);
  if (quoted === undefined) throw invalid(file, source, start, `The quote ${quote} is not closed`);
  const rest = match(BLANK_OR_COMMENT, source, start + quoted[0].length);
  if (rest === undefined) throw invalid(file, source, start + quoted[0].length, 'Only a comment may follow a quoted value on its line');
  const inner = quoted[1] ?? '';
  return { text: quote === '"' ? unescape(inner) : inner, end: start + quoted[0].length + rest[0].length };
}

function bareValueAt(source: string, start: number): Value {
  const text = match(UNQUOTED, source, start)?.[0] ?? '';
  const rest = match(BLANK_OR_COMMENT, source, start + text.length)?.[0] ?? '';
  return { text: text.trim(), end: start + text.length + rest.length };
}

function unescape(text: string): string {
  return text.replaceAll('\\n', '\n').replaceAll('\\r', '\r');
}

function match(pattern: RegExp, source: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source) ?? undefined;
}

function invalid(file: string, source: string, at: number, message: string): NanosError {
  const before = source.slice(0, at).split('\n');
  return new NanosError('config_invalid', message, { position: { file, line: before.length, column: (before.at(-1) ?? '').length + 1 } });
}
