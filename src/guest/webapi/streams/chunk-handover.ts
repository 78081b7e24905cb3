import type { OutboundSource } from '../../kernel/host-calls.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** One chunk at a time from a writer to whoever pulls; null is the end. */
export class ChunkHandover implements OutboundSource {
  #given: { chunk: Bytes | null; taken: () => void } | undefined;
  #wanted: { resolve(chunk: Bytes | null): void; reject(reason: unknown): void } | undefined;
  #failure: { readonly reason: unknown } | undefined;

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.reason;
  }

  /** The reason of its failure, or `otherwise` when it has not failed. */
  reasonOr(otherwise: unknown): unknown {
    return this.#failure === undefined ? otherwise : this.#failure.reason;
  }

  /** Resolves when the chunk was taken. One at a time. */
  give(chunk: Bytes | null): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    const wanted = this.#wanted;
    this.#wanted = undefined;
    if (wanted !== undefined) {
      wanted.resolve(chunk);
      return Promise.resolve();
    }
    return new Promise((taken) => (this.#given = { chunk, taken }));
  }

  pull(): Promise<Bytes | null> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    const given = this.#given;
    this.#given = undefined;
    if (given === undefined) return new Promise((resolve, reject) => (this.#wanted = { resolve, reject }));
    given.taken();
    return Promise.resolve(given.chunk);
  }

  /** The host wants no more; why, is told by its answer. */
  cancel(): void {}

  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#given?.taken();
    this.#given = undefined;
    this.#wanted?.reject(reason);
    this.#wanted = undefined;
  }
}
