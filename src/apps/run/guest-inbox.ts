import { Unpacker } from '../../protocol/boundary.ts';

/** Buffers of one crossing, by index; undefined: what the guest sent there is none. */
export type CrossingBuffers = readonly (ArrayBuffer | undefined)[];

interface Crossing {
  readonly packed: string;
  readonly buffers: CrossingBuffers;
}

/** One message; its fields are read from `unpacker`. */
export interface GuestMessage {
  readonly kind: number;
  readonly unpacker: Unpacker;
  readonly buffers: CrossingBuffers;
}

/** What a guest has posted and the host has not read yet, in order. */
export class GuestInbox {
  /** undefined: read; what it held is free */
  #crossings: (Crossing | undefined)[] = [];
  #taken = 0;
  #unpacker: Unpacker | undefined;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#taken === this.#crossings.length;
  }

  /** Memory that it takes, about. */
  get bytes(): number {
    return this.#bytes;
  }

  add(packed: string, buffers: CrossingBuffers): void {
    this.#crossings.push({ packed, buffers });
    this.#bytes += bytesOf({ packed, buffers });
  }

  /** Takes the next message; undefined when there is none. Throws a RangeError on a crossing that is not well-formed, which is dropped. */
  next(): GuestMessage | undefined {
    while (!this.isEmpty) {
      const { packed, buffers } = this.#crossings[this.#taken]!;
      try {
        this.#unpacker ??= new Unpacker(packed);
        const kind = this.#unpacker.next();
        if (kind !== 0) return { kind, unpacker: this.#unpacker, buffers };
      } catch (error) {
        this.drop();
        throw error;
      }
      this.drop();
    }
    return undefined;
  }

  /** Gives up what is left of the crossing that was read last. */
  drop(): void {
    const dropped = this.#crossings[this.#taken];
    if (dropped === undefined) return;
    this.#bytes -= bytesOf(dropped);
    this.#unpacker = undefined;
    this.#crossings[this.#taken++] = undefined;
    if (this.isEmpty || this.#taken >= 1_024) {
      this.#crossings = this.#crossings.slice(this.#taken);
      this.#taken = 0;
    }
  }

  clear(): void {
    this.#crossings = [];
    this.#taken = 0;
    this.#unpacker = undefined;
    this.#bytes = 0;
  }
}

function bytesOf({ packed, buffers }: Crossing): number {
  return packed.length + buffers.reduce((total, buffer) => total + (buffer?.byteLength ?? 0), 0);
}
