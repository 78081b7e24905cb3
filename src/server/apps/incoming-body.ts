import type { IncomingMessage } from 'node:http';
import type { RequestBodyStream } from '../../protocol/app-call.ts';
import { NanosError } from '../../protocol/errors.ts';

/** Bytes that are taken from the socket before the app asks for them. */
const WINDOW_BYTES = 64 * 1024;

export interface IncomingBodyOptions {
  /** bytes; undefined: chunked */
  readonly length: number | undefined;
  readonly bytesMax: number;
  /** the app waits for the client from now on */
  readonly onWait: () => void;
  /** the app reads for the first time */
  readonly onFirstRead: () => void;
  /** more than `bytesMax` came */
  readonly onTooLarge: (error: NanosError) => void;
}

/** A request body that the app pulls. The socket stands still while nobody does. */
export class IncomingBody implements RequestBodyStream {
  readonly length: number | undefined;
  readonly #request: IncomingMessage;
  readonly #options: IncomingBodyOptions;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #receivedBytes = 0;
  #waiting: { resolve(chunk: Uint8Array | null): void; reject(error: Error): void } | undefined;
  #flowing = false;
  #failure: Error | undefined;
  #cancelled = false;

  constructor(request: IncomingMessage, options: IncomingBodyOptions) {
    this.#request = request;
    this.#options = options;
    this.length = options.length;
  }

  /** The app waits for the client. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Bytes that are still to come; Infinity when nobody knows. */
  get bytesLeft(): number {
    if (this.#request.complete) return 0;
    return this.length === undefined ? Infinity : this.length - this.#receivedBytes;
  }

  read(): Promise<Uint8Array | null> {
    if (this.#cancelled) return Promise.resolve(null);
    this.#start();
    const chunk = this.#queue.shift();
    if (chunk !== undefined) {
      this.#queuedBytes -= chunk.byteLength;
      if (this.#queuedBytes < WINDOW_BYTES && this.#request.isPaused()) this.#request.resume();
      return Promise.resolve(chunk);
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#request.readableEnded) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#options.onWait();
    });
  }

  cancel(): void {
    this.#cancelled = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    if (this.#flowing) this.#request.pause();
    this.#settle(null);
  }

  /** No more can come: the client went away or broke the protocol. */
  fail(error: Error): void {
    if (this.#failure !== undefined || this.#request.readableEnded) return;
    this.#failure = error;
    this.#queue = [];
    this.#queuedBytes = 0;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }

  #start(): void {
    if (this.#flowing) return;
    this.#flowing = true;
    this.#options.onFirstRead();
    this.#request.on('data', (chunk: Uint8Array) => this.#onData(chunk));
    this.#request.on('end', () => this.#settle(null));
  }

  #onData(chunk: Uint8Array): void {
    this.#receivedBytes += chunk.byteLength;
    if (this.#cancelled || this.#failure !== undefined) return;
    if (this.#receivedBytes > this.#options.bytesMax) return this.#options.onTooLarge(bodyTooLarge(this.#options.bytesMax));
    if (this.#waiting !== undefined) return this.#settle(chunk);
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.byteLength;
    if (this.#queuedBytes >= WINDOW_BYTES) this.#request.pause();
  }

  #settle(chunk: Uint8Array | null): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(chunk);
  }
}

export function bodyTooLarge(bytesMax: number): NanosError {
  return new NanosError('body_too_large', `The request body is longer than ${bytesMax} bytes`);
}
