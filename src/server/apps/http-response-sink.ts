import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ResponseHead, ResponseSink } from '../../protocol/app-call.ts';
import { NanosError } from '../../protocol/errors.ts';
import { errorPage } from '../error-page.ts';
import { closeLingering } from './close-lingering.ts';
import { DrainWait } from './drain-wait.ts';
import { discardUnread } from './discard-unread.ts';
import type { IncomingBody } from './incoming-body.ts';
import { toWireHead } from './response-head.ts';
import type { WireHead } from './response-head.ts';

/** Of a request body that the app left unread, this much is read and thrown away to keep the connection. */
const UNREAD_BODY_BYTES_MAX = 64 * 1024;

export interface SinkOptions {
  readonly requestId: string;
  readonly isDraining: () => boolean;
  /** a client that takes or sends nothing for this long is cut off */
  readonly bodyIdleMsMax: number;
}

/** Has no body whatever the app says (RFC 9110 sections 9.3.2, 15.3.5, 15.3.6, 15.4.5). */
function isBodiless(method: string | undefined, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 205 || status === 304;
}

/** One answer over node:http. */
export class HttpResponseSink implements ResponseSink {
  headSent = false;
  gone = false;
  /** the response has left, or never will */
  closed = false;
  /** nothing more is read as a request from this connection */
  closesConnection = false;
  dev = false;
  /** there is a body that has not been taken whole; so it is until the head was read */
  hasBody = true;
  body: IncomingBody | undefined;
  /** the sink of the next request that came on this connection before this one was answered */
  next: HttpResponseSink | undefined;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: SinkOptions;
  #goneListeners: (() => void)[] | undefined;
  #onClosed: (() => void) | undefined;
  readonly #drain: DrainWait;
  #announcesClose = false;
  #ended = false;
  #bodiless = false;
  #announcedBytes: number | undefined;
  #sentBytes = 0;

  constructor(request: IncomingMessage, response: ServerResponse, options: SinkOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
    this.#drain = new DrainWait(response);
    response.on('close', () => this.#close());
  }

  get requestComplete(): boolean {
    return !this.hasBody || this.#request.complete;
  }

  // The app's side

  respond(head: ResponseHead, body: null | string | Uint8Array): NanosError | undefined {
    if (this.gone || this.headSent) return undefined;
    const wire = this.#check(head);
    if (wire instanceof NanosError) return wire;
    this.#respond(wire, body);
    return undefined;
  }

  start(head: ResponseHead): NanosError | undefined {
    if (this.gone || this.headSent) return undefined;
    const wire = this.#check(head);
    if (wire instanceof NanosError) return wire;
    this.#bodiless = isBodiless(this.#request.method, wire.status);
    if (this.#bodiless) {
      this.#respond(wire, null);
      return undefined;
    }
    this.#announcedBytes = wire.contentLength;
    if (wire.contentLength !== undefined) wire.headers.push('content-length', `${wire.contentLength}`);
    this.#writeHead(wire, false);
    this.#flushHead();
    return undefined;
  }

  write(chunk: Uint8Array | string): true | Promise<void> {
    if (this.gone || !this.headSent || this.#ended || this.#bodiless) return true;
    if (this.#announcedBytes !== undefined) {
      this.#sentBytes += Buffer.byteLength(chunk);
      if (this.#sentBytes > this.#announcedBytes) {
        this.#cut();
        return true;
      }
    }
    return this.#response.write(chunk) ? true : this.#drained();
  }

  end(): void {
    if (this.gone || !this.headSent || this.#ended) return;
    if (this.#announcedBytes !== undefined && this.#sentBytes !== this.#announcedBytes) return this.#cut();
    this.#end(undefined);
  }

  fail(error: NanosError, stack?: string): void {
    if (this.gone || this.#ended) return;
    if (this.headSent) return this.#cut();
    const { headers, body } = errorPage(error, { accept: this.#request.headers.accept, requestId: this.#options.requestId, dev: this.dev, stack });
    this.#respond(toWireHead({ status: error.status, statusText: '', headers }), body);
  }

  onClientGone(listener: () => void): void {
    if (this.gone) queueMicrotask(listener);
    else (this.#goneListeners ??= []).push(listener);
  }

  // The connection's side

  /** The request itself is at fault, before or after the app has seen it: it is answered here, and for the app the client has gone. */
  refuse(error: NanosError): void {
    if (this.gone) return;
    this.closesConnection = true;
    this.#announcesClose = true;
    this.body?.fail(error);
    this.fail(error);
    this.#leave(error);
  }

  /** What follows on this connection is not HTTP: this answer is the last one before `then`. */
  closeAfter(then: () => void): void {
    this.closesConnection = true;
    this.#onClosed = then;
  }

  /** The clock of {@link waitForClient} ran out; without effect when it is the app that keeps both waiting. */
  clientIsIdle(): void {
    if (this.body?.isWaiting === true) this.refuse(new NanosError('request_timeout', 'The request body stopped coming'));
    else if (this.#ended || this.#drain.isWaiting) this.#request.socket.destroy();
  }

  /** Starts the clock that every byte sent or received restarts. */
  waitForClient(): void {
    this.#request.socket.setTimeout(this.#options.bodyIdleMsMax);
  }

  #check(head: ResponseHead): WireHead | NanosError {
    try {
      return toWireHead(head);
    } catch (error) {
      const refusal = error instanceof NanosError ? error : new NanosError('internal', 'Can not check the response', { cause: error });
      this.fail(refusal);
      return refusal;
    }
  }

  #respond(wire: WireHead, body: null | string | Uint8Array): void {
    const { headers, status } = wire;
    const bodiless = isBodiless(this.#request.method, status);
    const length = body === null ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
    if (!bodiless || status === 205) headers.push('content-length', status === 205 ? '0' : `${length}`);
    else if (this.#request.method === 'HEAD' && status !== 204 && status !== 304) {
      const announced = body === null ? wire.contentLength : length;
      if (announced !== undefined) headers.push('content-length', `${announced}`);
    }
    this.#writeHead(wire, !this.requestComplete && (this.body?.bytesLeft ?? Infinity) > UNREAD_BODY_BYTES_MAX);
    // A head sent together with a text would be encoded as UTF-8 like the text.
    this.#end(bodiless || body === null ? undefined : typeof body === 'string' && !wire.isAscii ? Buffer.from(body) : body);
  }

  /** At once, but together with what is written before the next tick. */
  #flushHead(): void {
    const { socket } = this.#request;
    socket.cork();
    process.nextTick(() => socket.uncork());
    this.#response.flushHeaders();
  }

  #writeHead({ status, statusText, headers, hasRequestId }: WireHead, closing: boolean): void {
    if (!hasRequestId) headers.push('x-request-id', this.#options.requestId);
    if (closing || this.#announcesClose || this.#options.isDraining()) {
      headers.push('connection', 'close');
      this.closesConnection = true;
    }
    this.headSent = true;
    this.#response.writeHead(status, statusText, headers);
  }

  #end(body: string | Uint8Array | undefined): void {
    this.#ended = true;
    if (!this.requestComplete) this.#discardUnread();
    if (body === undefined) this.#response.end();
    else this.#response.end(body);
    if (this.#request.socket.writableLength > 0) this.waitForClient();
  }

  /** To close at once would reset the connection while the client still sends, and the answer could be lost. */
  #discardUnread(): void {
    const { socket } = this.#request;
    socket.destroySoon = () => closeLingering(socket);
    this.body?.cancel();
    discardUnread(this.#request, UNREAD_BODY_BYTES_MAX, () => {
      if (!this.closesConnection) closeLingering(socket);
    });
  }

  #drained(): Promise<void> {
    const drained = this.#drain.wait();
    this.waitForClient();
    return drained;
  }

  #cut(): void {
    this.#ended = true;
    this.closesConnection = true;
    this.#request.socket.destroy();
    this.#leave(new NanosError('bad_request', 'The connection was cut'));
  }

  /** The response has left or its connection is gone. */
  #close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.#response.writableFinished) {
      this.next?.connectionIsFree();
      this.#onClosed?.();
    } else {
      this.#leave(new NanosError('bad_request', 'The client went away'));
      // node:http says nothing to answers that wait for an earlier one.
      this.next?.connectionIsLost();
    }
    this.next = undefined;
  }

  connectionIsLost(): void {
    this.#close();
  }

  connectionIsFree(): void {
    if (this.#ended || this.#drain.isWaiting) this.waitForClient();
  }

  #leave(error: NanosError): void {
    if (this.gone) return;
    this.gone = true;
    this.body?.fail(error);
    this.#drain.fail(error);
    const listeners = this.#goneListeners;
    this.#goneListeners = undefined;
    if (listeners !== undefined) for (const listener of listeners) listener();
  }
}
