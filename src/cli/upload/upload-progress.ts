import type { TextSink } from '../cli-io.ts';

/** How far an upload is: a line that is written over on a terminal, one plain line elsewhere. */
export class UploadProgress {
  readonly #output: TextSink;
  readonly #bytes: number;
  readonly #isTerminal: boolean;
  #sentBytes = 0;
  #shown = '';

  constructor(output: TextSink, fileCount: number, bytes: number) {
    this.#output = output;
    this.#bytes = bytes;
    this.#isTerminal = output.isTTY === true;
    if (!this.#isTerminal) output.write(`Uploading ${fileCount} ${fileCount === 1 ? 'file' : 'files'}, ${megabytes(bytes)} MB\n`);
  }

  add(bytes: number): void {
    this.#sentBytes += bytes;
    const done = this.#sentBytes >= this.#bytes;
    this.#show(done ? 'Uploaded, building …' : `Uploading ${megabytes(this.#sentBytes)} of ${megabytes(this.#bytes)} MB`);
  }

  /** Takes the line away. Idempotent. */
  end(): void {
    this.#show('');
  }

  #show(text: string): void {
    if (!this.#isTerminal || text === this.#shown) return;
    this.#output.write(`\r\u001b[K${text}`);
    this.#shown = text;
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
