import { CROSSING_BUFFERS_MAX, Packer } from '../../protocol/boundary.ts';

/** One message waiting for the next entry. */
export interface ToGuestMessage {
  readonly kind: number;
  readonly fields: readonly (string | number)[];
  /** their indices are given to `fields` by {@link bufferAt} */
  readonly buffers: readonly ArrayBuffer[];
  /** the request that this is work for; 0: none */
  readonly owner: number;
}

const NO_BUFFERS: readonly ArrayBuffer[] = [];
/** Stands for the index of the message's first buffer. */
export const BUFFER_INDEX = -1;
/** An entry takes no further message once its text is this long, in UTF-16 code units. */
const TEXT_MAX = 4 * 1024 * 1024;

/** What waits to cross into one isolate, in order. */
export class ToGuestQueue {
  #waiting: ToGuestMessage[] = [];
  #packer = new Packer();
  #buffers: ArrayBuffer[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  push(kind: number, fields: readonly (string | number)[], owner: number, buffers = NO_BUFFERS): void {
    this.#waiting.push({ kind, fields, owner, buffers });
  }

  /** Whether one more message with `buffers` buffers fits into the crossing that is being packed. */
  hasRoom(buffers: number): boolean {
    return this.#buffers.length + buffers <= CROSSING_BUFFERS_MAX && this.#packer.dataLength < TEXT_MAX;
  }

  pack(message: ToGuestMessage): void {
    const first = this.#buffers.length;
    this.#buffers.push(...message.buffers);
    this.#packer.begin(message.kind, message.fields.length);
    for (const field of message.fields) {
      if (typeof field === 'string') this.#packer.field(field);
      else this.#packer.number(field === BUFFER_INDEX ? first : field);
    }
  }

  /** Packs what waits, as far as there is room; returns whose work that is. */
  packWaiting(owners: Set<number>): void {
    let taken = 0;
    for (const message of this.#waiting) {
      if (!this.hasRoom(message.buffers.length)) break;
      this.pack(message);
      owners.add(message.owner);
      taken++;
    }
    this.#waiting = taken === this.#waiting.length ? [] : this.#waiting.slice(taken);
  }

  take(): { packed: string; buffers: ArrayBuffer[] } {
    const buffers = this.#buffers;
    this.#buffers = [];
    return { packed: this.#packer.take(), buffers };
  }
}
