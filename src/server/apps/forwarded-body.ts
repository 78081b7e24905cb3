import type { Socket } from 'node:net';
import type { RequestBodyStream } from '../../protocol/app-call.ts';
import { fromErrorData } from '../../protocol/errors.ts';
import { FRAME, frame, readFailure } from '../../protocol/forward-frames.ts';

const CANCEL = frame(FRAME.cancel);
const READ = frame(FRAME.read);

/** The body of a request that another cell has: a chunk comes when the app asks for one, so its client waits exactly as it would here. */
export class ForwardedBody implements RequestBodyStream {
  readonly length: number | undefined;
  readonly #socket: Socket;
  #chunks: Uint8Array[] = [];
  #waiting: { resolve(chunk: Uint8Array | null): void; reject(error: Error): void } | undefined;
  #failure: Error | undefined;
  #isOver = false;

  constructor(socket: Socket, length: number | undefined) {
    this.#socket = socket;
    this.length = length;
  }

  read(): Promise<Uint8Array | null> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) return Promise.resolve(chunk);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#isOver) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(READ);
    });
  }

  cancel(): void {
    if (this.#isOver || this.#failure !== undefined) return;
    this.#socket.write(CANCEL);
    this.close();
  }

  // The connection's side

  /** A piece of the chunk that was asked for. */
  data(piece: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#waiting === undefined) this.#chunks.push(piece);
    else this.#settle(piece);
  }

  end(): void {
    this.#isOver = true;
    this.#settle(null);
  }

  /** The answer is complete: what is still to come of the body is read by nobody. */
  close(): void {
    this.#chunks = [];
    this.end();
  }

  failed(payload: Buffer): void {
    this.fail(fromErrorData(readFailure(payload).error));
  }

  /** No more can come. */
  fail(error: Error): void {
    if (this.#isOver || this.#failure !== undefined) return;
    this.#failure = error;
    this.#chunks = [];
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }

  #settle(chunk: Uint8Array | null): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(chunk);
  }
}
