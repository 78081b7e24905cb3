/** Amounts as people write them in manifests. */
import { z } from 'zod';
import { parseSize } from '../../protocol/parse-size.ts';

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d{1,9}(?:\.\d{1,3})?) ?(ms|s|m|h|d)$/;
const ZEROS_PER_UNIT: Readonly<Record<string, number>> = { '': 0, k: 3, m: 6, b: 9, t: 12 };
const COUNT = /^(\d{1,15})(?:\.(\d{1,6}))? ?([kmbt]?)$/i;
const MB = 1024 * 1024;

/** Milliseconds of `"30s"`, `"1.5h"`; undefined when it is no whole number of them. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const ms = Math.round(Number(match[1]) * 1_000) * ((MS_PER_UNIT[match[2] ?? ''] ?? Number.NaN) / 1_000);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** `"10B"` → 10¹⁰, with k, M, B and T for thousand to trillion, exactly; undefined when it is no whole number. */
export function parseCount(text: string): bigint | undefined {
  const match = COUNT.exec(text);
  if (match === null) return undefined;
  const [, whole = '', fraction = '', unit = ''] = match;
  const zeros = (ZEROS_PER_UNIT[unit.toLowerCase()] ?? 0) - fraction.length;
  return zeros < 0 ? undefined : BigInt(whole + fraction) * 10n ** BigInt(zeros);
}

/** What `parse` makes of it, at least 1 and at most `max`; messages show the bound by `show`. */
function amount<T extends number | bigint>(parse: (written: string | number) => T | undefined, example: string, max: T, show: (max: T) => string) {
  return z.union([z.number(), z.string()]).transform((written, context): T => {
    const value = parse(written);
    const message = value === undefined ? `must be ${example}` : `must be at ${value < 1 ? 'least 1' : `most ${show(max)}`}`;
    if (value !== undefined && value >= 1 && value <= max) return value;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

/** Bytes, a whole number of `granuleBytes`; a number without a unit is MB, as in app.nano. */
export function sizeSchema(bytesMax: number, granuleBytes: number) {
  const parse = (written: string | number): number | undefined => {
    const bytes = typeof written === 'number' ? written * MB : parseSize(written);
    return bytes !== undefined && bytes % granuleBytes === 0 ? bytes : undefined;
  };
  return amount(parse, `a size such as "512MB", a whole number of ${granuleBytes / 1024} KB`, bytesMax, (max) => `${max / MB} MB`);
}

export function durationSchema(msMax: number) {
  const parse = (written: string | number): number | undefined => (typeof written === 'number' ? undefined : parseDuration(written));
  return amount(parse, 'a time such as "30s", with the unit ms, s, m, h or d', msMax, (max) => `${max / 3_600_000}h`);
}

export function countSchema(max: bigint) {
  const parse = (written: string | number): bigint | undefined => (typeof written === 'number' ? fromNumber(written) : parseCount(written));
  return amount(parse, 'a whole number such as 5000 or "10B" (k, M, B, T)', max, String);
}

function fromNumber(written: number): bigint | undefined {
  return Number.isSafeInteger(written) ? BigInt(written) : undefined;
}
