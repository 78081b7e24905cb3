import type { FileHandle } from 'node:fs/promises';

const CHUNK_BYTES = 1024 * 1024;

export class GgufError extends Error {}

/** Reads little-endian values one after another, and never past the end of the file. `ensure` what a value takes before it is read. */
export class GgufCursor {
  readonly #file: FileHandle;
  readonly #fileBytes: number;
  #buffer = Buffer.alloc(0);
  /** of the buffer's start in the file */
  #base = 0;
  #at = 0;

  constructor(file: FileHandle, fileBytes: number) {
    this.#file = file;
    this.#fileBytes = fileBytes;
  }

  get position(): number {
    return this.#base + this.#at;
  }

  /** undefined when the bytes are there already, so that a loop need not wait. */
  ensure(bytes: number): Promise<void> | undefined {
    if (this.#at + bytes <= this.#buffer.length) return undefined;
    if (this.position + bytes > this.#fileBytes) throw new GgufError(`it ends at byte ${this.#fileBytes}, in the middle of its header`);
    return this.#fill(bytes);
  }

  skip(bytes: number): void {
    if (this.position + bytes > this.#fileBytes) throw new GgufError(`it ends at byte ${this.#fileBytes}, in the middle of its header`);
    this.#at += bytes;
  }

  take(bytes: number): Buffer {
    const taken = this.#buffer.subarray(this.#at, this.#at + bytes);
    this.#at += bytes;
    return taken;
  }

  uint32(): number {
    return this.take(4).readUInt32LE();
  }

  /** A count, a length or an offset: none of a real file is larger than what a number holds exactly. */
  size(): number {
    const value = Number(this.take(8).readBigUInt64LE());
    if (!Number.isSafeInteger(value)) throw new GgufError(`a size in its header is ${value}`);
    return value;
  }

  async #fill(bytes: number): Promise<void> {
    const base = this.position;
    const buffer = Buffer.alloc(Math.min(Math.max(bytes, CHUNK_BYTES), this.#fileBytes - base));
    const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, base);
    if (bytesRead < bytes) throw new GgufError('it became shorter while it was read');
    this.#buffer = buffer.subarray(0, bytesRead);
    this.#base = base;
    this.#at = 0;
  }
}
