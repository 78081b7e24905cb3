import { HOST_LIMITS } from '../../protocol/limits.ts';
import type { ByteReader, ChunkConsumer } from './guest-streams.ts';

/** A guest's stream as a reader for the host: chunks wait here, at most one window of them. */
export class OutboundReader implements ChunkConsumer, ByteReader {
  readonly owner: number;
  readonly #grant: (bytes: number) => void;
  readonly #cancel: () => void;
  #chunks: Uint8Array[] = [];
  #takenBytes = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(owner: number, grant: (bytes: number) => void, cancel: () => void) {
    this.owner = owner;
    this.#grant = grant;
    this.#cancel = cancel;
  }

  chunk(data: string | Uint8Array): void {
    this.#chunks.push(typeof data === 'string' ? Buffer.from(data) : data);
    this.#takenBytes += data.length;
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  error(message: string): void {
    this.#failure = new TypeError(message);
    this.#wake?.();
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#regrant();
        return chunk;
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }

  cancel(): void {
    if (!this.#ended) this.#cancel();
    this.#ended = true;
    this.#chunks = [];
    this.#wake?.();
  }

  #regrant(): void {
    if (this.#chunks.length > 0 || this.#takenBytes < HOST_LIMITS.streamWindowBytes / 2) return;
    this.#grant(this.#takenBytes);
    this.#takenBytes = 0;
  }
}
