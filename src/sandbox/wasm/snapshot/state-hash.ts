import { createHash } from 'node:crypto';

/** Bytes that `writeGlobal` writes. */
export const GLOBAL_BYTES = 9;

/** One byte, 1 for a bigint and 0 for a number, and the value as 8 bytes, little-endian. */
export function writeGlobal(view: DataView, offset: number, value: number | bigint): void {
  view.setUint8(offset, typeof value === 'bigint' ? 1 : 0);
  view.setBigInt64(offset + 1, BigInt(value), true);
}

/** What `writeGlobal` wrote; undefined for anything else. */
export function readGlobal(view: DataView, offset: number): number | bigint | undefined {
  const kind = view.getUint8(offset);
  const value = view.getBigInt64(offset + 1, true);
  if (kind === 1) return value;
  return kind === 0 && BigInt.asIntN(32, value) === value ? Number(value) : undefined;
}

/**
 * SHA-256, hex, of a guest's state: the memory's size in pages of 64 KB (u32, little-endian), the SHA-256 of each 4 KB page in order,
 * then each mutable global as `writeGlobal` has it.
 */
export function hashState(pages: number, pageHashes: Uint8Array, globals: readonly (number | bigint)[]): string {
  const size = new DataView(new ArrayBuffer(4));
  size.setUint32(0, pages, true);
  const values = new DataView(new ArrayBuffer(globals.length * GLOBAL_BYTES));
  for (const [index, value] of globals.entries()) writeGlobal(values, index * GLOBAL_BYTES, value);
  return createHash('sha256').update(size).update(pageHashes).update(values).digest('hex');
}
