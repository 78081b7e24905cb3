const BYTES_PER_MB = 1024 * 1024;
const BYTES_PER_UNIT: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: BYTES_PER_MB, gb: 1024 * BYTES_PER_MB };
const SIZE = /^(\d{1,9}(?:\.\d{1,6})?) ?(b|kb|mb|gb|kib|mib|gib)$/i;

/** Bytes in `"1.5GB"`; units B, KB, MB and GB go by 1024, and may be written KiB, MiB and GiB. `undefined` when it is no whole number of bytes. */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * (BYTES_PER_UNIT[(match[2] ?? '').toLowerCase().replace('i', '')] ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
