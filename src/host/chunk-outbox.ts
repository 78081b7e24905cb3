import type { CompletionChunk } from '../protocol/model.ts';
import type { CallChunks } from './model-messages.ts';

/** Chunks of all calls within this time cross together: a message costs more than what is in it. */
const GATHER_MS = 20;

/** What calls of models have to say, on its way out of the process. A call's first chunk goes at once, and others with it. */
export class ChunkOutbox {
  readonly #send: (calls: readonly CallChunks[]) => void;
  readonly #waiting = new Map<number, CompletionChunk[]>();
  readonly #begun = new Set<number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (calls: readonly CallChunks[]) => void) {
    this.#send = send;
  }

  push(id: number, chunk: CompletionChunk): void {
    const chunks = this.#waiting.get(id) ?? [];
    const last = chunks.at(-1);
    if (last?.type === 'text' && chunk.type === 'text') chunks[chunks.length - 1] = { type: 'text', text: last.text + chunk.text };
    else chunks.push(chunk);
    this.#waiting.set(id, chunks);
    if (this.#begun.has(id)) this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS);
    else {
      this.#begun.add(id);
      this.#flush();
    }
  }

  /** Nothing more comes of this call; on return, all that came is sent. */
  end(id: number): void {
    this.#begun.delete(id);
    if (this.#waiting.has(id)) this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#send([...this.#waiting].map(([id, chunks]) => ({ id, chunks })));
    this.#waiting.clear();
  }
}
