/** https://console.spec.whatwg.org/#table, as lines of text. */
import { inspect } from './inspect.ts';

const rowsMax = 100;

/** Undefined when the data has no rows, so that it is logged as it is. */
export function formatTable(data: unknown, columns: readonly string[] | undefined): string | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const rows = Object.entries(data).slice(0, rowsMax);
  const keys = columns ?? columnsOf(rows);
  const hasValues = columns === undefined && rows.some(([, row]) => !isRow(row));
  const lines = [['(index)', ...keys, ...(hasValues ? ['Values'] : [])]];
  for (const [index, row] of rows) {
    const cells = keys.map((key) => (isRow(row) && Object.hasOwn(row, key) ? inspect(row[key], { depth: 0 }) : ''));
    lines.push([index, ...cells, ...(hasValues ? [isRow(row) ? '' : inspect(row)] : [])]);
  }
  return align(lines);
}

function isRow(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function columnsOf(rows: readonly (readonly [string, unknown])[]): string[] {
  const keys = new Set<string>();
  for (const [, row] of rows) if (isRow(row)) for (const key of Object.keys(row).slice(0, rowsMax)) keys.add(key);
  return [...keys].slice(0, rowsMax);
}

function align(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ').trimEnd()).join('\n');
}
