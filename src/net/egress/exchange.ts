/** One request and its response on one connection. */
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { BodyReader } from './body-reader.ts';
import type { Connection } from './connection-pool.ts';
import { incomingHeaders } from './incoming-headers.ts';
import type { IncomingHeaders } from './incoming-headers.ts';
import type { Hop, RequestBody } from './redirect.ts';

/** Bytes of a response that are taken from the socket before the reader asks. */
const WINDOW_BYTES = 64 * 1024;

export interface ExchangeResponse extends IncomingHeaders {
  readonly status: number;
  readonly statusText: string;
  /** null when a response of this kind has none */
  readonly body: BodyReader | null;
}

/** Rejected before anything of a response arrived. */
export class NoResponseError extends Error {
  override readonly name = 'NoResponseError';
}

/**
 * Sends `hop` and resolves with the head of the response. The connection goes back to its pool when both bodies are complete,
 * and is destroyed when anything else happens: an error, an abort, a cancelled body.
 * `bodyLength`: of a streamed body, when known; otherwise it is sent chunked.
 */
export function exchange(connection: Connection, hop: Hop, bodyLength: number | undefined, signal: AbortSignal): Promise<ExchangeResponse> {
  return new Promise((resolve, reject) => {
    const upload = hop.body === null || hop.body instanceof Uint8Array ? undefined : new Upload(hop.body);
    const handler = new ResponseHandler(connection, hop.method, upload, signal, resolve, reject);
    connection.client.dispatch(
      {
        path: hop.url.pathname + hop.url.search,
        method: hop.method,
        headers: upload !== undefined && bodyLength !== undefined ? [...hop.headers, 'content-length', `${bodyLength}`] : [...hop.headers],
        body: dispatchBody(hop.body, upload),
      },
      handler,
    );
  });
}

/** undici takes any async iterable, which its types leave out. */
function dispatchBody(body: RequestBody, upload: Upload | undefined): Uint8Array | Readable | null {
  if (body === null || body instanceof Uint8Array) return body;
  const iterable: unknown = upload;
  return iterable as Readable;
}

/** A streamed request body that can be stopped while its source keeps it waiting. */
class Upload implements AsyncIterable<Uint8Array> {
  complete = false;
  readonly #source: AsyncIterator<Uint8Array>;
  #stop: ((error: Error) => void) | undefined;
  #stopped: Error | undefined;

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#source = body[Symbol.asyncIterator]();
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return { next: () => this.#next(), return: () => this.#end() };
  }

  stop(reason: Error): void {
    if (this.complete || this.#stopped !== undefined) return;
    this.#stopped = reason;
    this.#stop?.(reason);
    void Promise.resolve(this.#source.return?.()).catch(ignore);
  }

  #next(): Promise<IteratorResult<Uint8Array>> {
    return new Promise((resolve, reject) => {
      if (this.#stopped !== undefined) return reject(this.#stopped);
      this.#stop = reject;
      this.#source.next().then((result) => {
        if (result.done === true) this.complete = true;
        resolve(result);
      }, reject);
    });
  }

  async #end(): Promise<IteratorResult<Uint8Array>> {
    this.stop(new TypeError('The connection was closed'));
    return { done: true, value: undefined };
  }
}

class ResponseHandler implements Dispatcher.DispatchHandler, BodyReader {
  readonly #connection: Connection;
  readonly #method: string;
  readonly #upload: Upload | undefined;
  readonly #signal: AbortSignal;
  readonly #resolve: (response: ExchangeResponse) => void;
  readonly #reject: (error: unknown) => void;
  readonly #onAbort = (): void => {
    this.#queue = [];
    this.#fail(this.#signal.reason);
  };
  #controller: Dispatcher.DispatchController | undefined;
  #headSeen = false;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #waiting: { resolve(chunk: Uint8Array | null): void; reject(error: unknown): void } | undefined;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    connection: Connection,
    method: string,
    upload: Upload | undefined,
    signal: AbortSignal,
    resolve: (response: ExchangeResponse) => void,
    reject: (error: unknown) => void,
  ) {
    this.#connection = connection;
    this.#method = method;
    this.#upload = upload;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    signal.addEventListener('abort', this.#onAbort);
    if (signal.aborted) queueMicrotask(this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _headers: unknown, statusText = ''): void {
    if (status < 200 || this.#failure !== undefined) return;
    this.#headSeen = true;
    const raw = controller.rawHeaders;
    const head = incomingHeaders(Array.isArray(raw) ? raw : []);
    const bodiless = this.#method === 'HEAD' || status === 204 || status === 205 || status === 304;
    this.#resolve({ status, statusText, ...head, body: bodiless ? null : this });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#failure !== undefined) return;
    if (this.#waiting !== undefined) return this.#answer(chunk);
    this.#queue.push(chunk);
    this.#queuedBytes += chunk.byteLength;
    if (this.#queuedBytes >= WINDOW_BYTES) controller.pause();
  }

  onResponseEnd(): void {
    if (this.#failure !== undefined) return;
    this.#ended = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    if (this.#waiting !== undefined) this.#answer(null);
    if (this.#upload === undefined || this.#upload.complete) return this.#connection.release();
    this.#upload.stop(new TypeError('The server answered without reading the whole body'));
    this.#connection.destroy();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(this.#headSeen || this.#signal.aborted ? error : new NoResponseError('No response', { cause: error }));
  }

  read(): Promise<Uint8Array | null> {
    const chunk = this.#queue.shift();
    if (chunk !== undefined) {
      this.#queuedBytes -= chunk.byteLength;
      if (this.#queuedBytes < WINDOW_BYTES && this.#controller?.paused === true) this.#controller.resume();
      return Promise.resolve(chunk);
    }
    if (this.#ended) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure.error);
      else this.#waiting = { resolve, reject };
    });
  }

  cancel(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    if (this.#ended || this.#failure !== undefined) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(null);
    this.#fail(new TypeError('The body was cancelled'));
  }

  #answer(chunk: Uint8Array | null): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(chunk);
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined || this.#ended) return;
    this.#failure = { error };
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#reject(error);
    this.#waiting?.reject(error);
    this.#waiting = undefined;
    this.#upload?.stop(error instanceof Error ? error : new TypeError('The request was aborted'));
    this.#connection.destroy();
  }
}

function ignore(): void {}
