import { objectCreate } from './primordials.ts';

/** A map from integer ids, on an object without a prototype: tenant code can't redefine how it works. */
export class Table<T> {
  readonly #entries = objectCreate(null) as Record<number, T | undefined>;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    return this.#entries[id];
  }

  set(id: number, value: T): void {
    if (this.#entries[id] === undefined) this.#size++;
    this.#entries[id] = value;
  }

  take(id: number): T | undefined {
    const value = this.#entries[id];
    if (value !== undefined) {
      delete this.#entries[id];
      this.#size--;
    }
    return value;
  }
}
