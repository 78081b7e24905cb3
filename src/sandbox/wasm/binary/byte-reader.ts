import { NanosError } from '../../../protocol/errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads the primitive values of the WebAssembly binary format (core specification 5.2). What is cut off or malformed throws `module_invalid` with its offset. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  /** offset of the next byte */
  at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  fail(message: string, at = this.at): never {
    throw new NanosError('module_invalid', `The module is malformed at offset ${at}: ${message}`);
  }

  u8(): number {
    const byte = this.at < this.end ? this.bytes[this.at] : undefined;
    if (byte === undefined) this.fail('unexpected end');
    this.at += 1;
    return byte;
  }

  u32(): number {
    const first = this.u8();
    if (first < 0x80) return first;
    let result = first & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.u8();
      result += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return result < 2 ** 32 ? result : this.fail('an integer does not fit in 32 bits');
    }
    return this.fail('an integer is too long');
  }

  s32(): number {
    return this.#signed(32);
  }

  /** A block type: negative is a value type or none, else an index. */
  s33(): number {
    return this.#signed(33);
  }

  s64(): bigint {
    let result = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.u8();
      result |= BigInt(byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      const signed = byte & 0x40 ? result - (1n << (shift + 7n)) : result;
      return BigInt.asIntN(64, signed) === signed ? signed : this.fail('an integer does not fit in 64 bits');
    }
    return this.fail('an integer is too long');
  }

  skip(length: number): void {
    if (length > this.remaining) this.fail(`${length} bytes are announced and ${this.remaining} are left`);
    this.at += length;
  }

  /** The next bytes, not copied. */
  take(length: number): Uint8Array {
    const start = this.at;
    this.skip(length);
    return this.bytes.subarray(start, this.at);
  }

  name(): string {
    const at = this.at;
    const bytes = this.take(this.u32());
    try {
      return decoder.decode(bytes);
    } catch {
      return this.fail('a name is not UTF-8', at);
    }
  }

  /** Length of a vector whose elements take at least one byte each, so that a few bytes can't announce millions. */
  count(): number {
    const at = this.at;
    const count = this.u32();
    return count <= this.remaining ? count : this.fail(`${count} entries are announced and ${this.remaining} bytes are left`, at);
  }

  /** Reads a vector. */
  list<T>(element: (index: number) => T): T[] {
    const count = this.count();
    const list: T[] = [];
    for (let index = 0; index < count; index += 1) list.push(element(index));
    return list;
  }

  /** A reader over the next bytes, which this one passes over. */
  part(length: number): ByteReader {
    const start = this.at;
    this.skip(length);
    return new ByteReader(this.bytes, start, this.at);
  }

  /** Throws unless everything was read. */
  finish(what: string): void {
    if (this.remaining !== 0) this.fail(`${this.remaining} bytes are left over in the ${what}`);
  }

  #signed(bits: 32 | 33): number {
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      result += (byte & 0x7f) * 2 ** shift;
      if (byte >= 0x80) continue;
      if (byte & 0x40) result -= 2 ** (shift + 7);
      return Math.abs(result + 0.5) < 2 ** (bits - 1) ? result : this.fail(`an integer does not fit in ${bits} bits`);
    }
    return this.fail('an integer is too long');
  }
}
