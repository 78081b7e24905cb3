/** A guest named memory that it does not have. */
export class MemoryFault extends Error {
  override readonly name = 'MemoryFault';
}

/** The memory of a guest, with every address and length checked. Numbers are little-endian. */
export class GuestMemory {
  readonly #memory: () => Uint8Array;
  readonly #charge: (bytes: number) => void;

  /** `memory`: as it is at that moment; it may grow. `charge` is told how many bytes are about to be read or written. */
  constructor(memory: () => Uint8Array, charge: (bytes: number) => void) {
    this.#memory = memory;
    this.#charge = charge;
  }

  /** Bytes that the host moves for the guest elsewhere. */
  charge(bytes: number): void {
    this.#charge(bytes);
  }

  /** A view, good until the guest runs again. Both numbers are taken as unsigned. */
  view(pointer: number, length: number): Uint8Array {
    const memory = this.#memory();
    const start = pointer >>> 0;
    const end = start + (length >>> 0);
    if (end > memory.length) throw new MemoryFault(`${length >>> 0} bytes at ${start} lie outside of memory`);
    this.#charge(end - start);
    return memory.subarray(start, end);
  }

  /** A copy. */
  bytes(pointer: number, length: number): Uint8Array {
    return this.view(pointer, length).slice();
  }

  /** UTF-8; undefined where it is not. */
  text(pointer: number, length: number): string | undefined {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.view(pointer, length));
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  }

  write(pointer: number, bytes: Uint8Array): void {
    this.view(pointer, bytes.length).set(bytes);
  }

  getU8(pointer: number): number {
    return this.#data(pointer, 1).getUint8(0);
  }

  getU16(pointer: number): number {
    return this.#data(pointer, 2).getUint16(0, true);
  }

  getU32(pointer: number): number {
    return this.#data(pointer, 4).getUint32(0, true);
  }

  getU64(pointer: number): bigint {
    return this.#data(pointer, 8).getBigUint64(0, true);
  }

  setU32(pointer: number, value: number): void {
    this.#data(pointer, 4).setUint32(0, value, true);
  }

  setU64(pointer: number, value: bigint): void {
    this.#data(pointer, 8).setBigUint64(0, value, true);
  }

  #data(pointer: number, length: number): DataView {
    const { buffer, byteOffset } = this.view(pointer, length);
    return new DataView(buffer, byteOffset, length);
  }
}
