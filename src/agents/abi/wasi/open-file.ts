import { WasiError } from './wasi-errno.ts';
import { WASI_LIMITS } from './wasi-limits.ts';

const EMPTY = new Uint8Array(0);

/** Bytes that all open files of a guest hold together. */
export interface ByteAccount {
  used: number;
}

/** A file that is open, once however many descriptors lead to it: its content as it will be written back. */
export class OpenFile {
  /** changes when the file gets another name */
  path: string;
  readonly #account: ByteAccount;
  readonly #load: () => Uint8Array;
  /** undefined: not read yet */
  #bytes: Uint8Array | undefined;
  #size = 0;
  #changed = false;
  descriptors = 0;
  /** its name is gone: what is written goes nowhere */
  removed = false;
  /** ns since the epoch */
  modified: bigint;

  /** `load` is called when the content is first looked at. */
  constructor(path: string, load: () => Uint8Array, modified: bigint, account: ByteAccount) {
    this.path = path;
    this.#load = load;
    this.modified = modified;
    this.#account = account;
  }

  get changed(): boolean {
    return this.#changed && !this.removed;
  }

  get size(): number {
    this.#content();
    return this.#size;
  }

  /** Whole; a view. */
  get bytes(): Uint8Array {
    return this.#content().subarray(0, this.#size);
  }

  read(at: number, length: number): Uint8Array {
    return this.bytes.subarray(Math.min(at, this.size), Math.min(at + length, this.size));
  }

  write(at: number, bytes: Uint8Array, now: bigint): void {
    if (bytes.length === 0) return;
    if (at + bytes.length > this.size) this.resize(at + bytes.length, now);
    this.#content().set(bytes, at);
    this.#touch(now);
  }

  /** What is new is zeros. */
  resize(size: number, now: bigint): void {
    if (size > WASI_LIMITS.fileBytesMax) throw new WasiError('fbig');
    const content = this.#content();
    if (size > content.length) this.#hold(content, Math.min(Math.max(size, content.length * 2), WASI_LIMITS.fileBytesMax));
    else content.fill(0, size, Math.max(size, this.#size));
    this.#size = size;
    this.#touch(now);
  }

  /** The content is what stands on the disk. */
  written(): void {
    this.#changed = false;
  }

  close(): void {
    this.#account.used -= this.#bytes?.length ?? 0;
    this.#bytes = undefined;
  }

  #touch(now: bigint): void {
    this.#changed = true;
    this.modified = now;
  }

  #content(): Uint8Array {
    if (this.#bytes !== undefined) return this.#bytes;
    const loaded = this.#load();
    this.#size = loaded.length;
    return this.#hold(loaded, loaded.length);
  }

  #hold(content: Uint8Array, capacity: number): Uint8Array {
    const held = this.#bytes?.length ?? 0;
    if (this.#account.used - held + capacity > WASI_LIMITS.openBytesMax) throw new WasiError('nomem');
    this.#account.used += capacity - held;
    const bytes = capacity === 0 ? EMPTY : new Uint8Array(capacity);
    bytes.set(content);
    this.#bytes = bytes;
    return bytes;
  }
}
