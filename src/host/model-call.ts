import type { CompletionChunk, Embeddings } from '../protocol/model.ts';

/** One call of the model process, from this side: what has arrived and was not read yet. */
export class ModelProcessCall {
  readonly path: string;
  #chunks: CompletionChunk[] = [];
  #embeddings: Embeddings | undefined;
  #isOver = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  constructor(path: string) {
    this.path = path;
  }

  push(chunks: readonly CompletionChunk[]): void {
    this.#chunks.push(...chunks);
    this.#wake?.();
  }

  setEmbeddings(embeddings: Embeddings): void {
    this.#embeddings = embeddings;
  }

  /** @param error undefined: it went well. Whoever gives the call up reads no more of it, whatever has arrived. */
  end(error?: unknown): void {
    if (this.#error !== undefined) return;
    this.#isOver = true;
    this.#error = error;
    this.#wake?.();
  }

  async *read(): AsyncGenerator<CompletionChunk, void> {
    for (;;) {
      const chunks = this.#chunks;
      this.#chunks = [];
      for (const chunk of chunks) {
        this.#throwError();
        yield chunk;
      }
      if (this.#chunks.length > 0 && this.#error === undefined) continue;
      if (this.#isOver) return this.#throwError();
      await this.#changed();
    }
  }

  async embeddings(): Promise<Embeddings> {
    while (!this.#isOver) await this.#changed();
    this.#throwError();
    if (this.#embeddings === undefined) throw new Error('The model process gave no embeddings');
    return this.#embeddings;
  }

  #throwError(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}
