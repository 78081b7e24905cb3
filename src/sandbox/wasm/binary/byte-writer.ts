const encoder = new TextEncoder();

/** Writes the primitive values of the WebAssembly binary format; integers in their shortest form. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(Math.max(capacity, 16));
  }

  get length(): number {
    return this.#length;
  }

  /** What was written so far: a view, good until the next write. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  u32(value: number): this {
    this.#reserve(5);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
    return this;
  }

  /** Also for 33 bits: any safe integer. */
  s32(value: number): this {
    this.#reserve(10);
    let rest = value;
    while (rest < -0x40 || rest >= 0x40) {
      this.#bytes[this.#length++] = (((rest % 0x80) + 0x80) % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest & 0x7f;
    return this;
  }

  s64(value: bigint): this {
    this.#reserve(10);
    let rest = value;
    while (rest < -0x40n || rest >= 0x40n) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest & 0x7fn);
    return this;
  }

  /** The bytes as they are, without a length. */
  raw(bytes: ArrayLike<number>): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** A part of `source` as it is. Quicker than `raw` for short ranges. */
  range(source: Uint8Array, start: number, end: number): this {
    this.#reserve(end - start);
    if (end - start > 32) this.#bytes.set(source.subarray(start, end), this.#length);
    else for (let at = start; at < end; at += 1) this.#bytes[this.#length + at - start] = source[at] ?? 0;
    this.#length += end - start;
    return this;
  }

  /** A vector of bytes: length, then the bytes. */
  block(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }

  name(text: string): this {
    return this.block(encoder.encode(text));
  }

  clear(): this {
    this.#length = 0;
    return this;
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): void {
    const wanted = this.#length + count;
    if (wanted <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(wanted, this.#bytes.length * 2));
    larger.set(this.written);
    this.#bytes = larger;
  }
}
