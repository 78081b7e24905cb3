import type { Socket } from 'node:net';
import { serviceHeadRefusal } from '../../apps/run/service-head.ts';
import type { ResponseHead, ResponseSink } from '../../protocol/app-call.ts';
import { NanosError, toErrorData } from '../../protocol/errors.ts';
import { FRAME, frame, type ForwardedFailure, type ForwardedHead } from '../../protocol/forward-frames.ts';
import { DrainWait } from './drain-wait.ts';
import type { ForwardedBody } from './forwarded-body.ts';
import { toWireHead } from './response-head.ts';

/** Of what a tenant's error says of itself: far below what a frame may hold, however it is escaped. */
const TEXT_LENGTH_MAX = 128 * 1024;

export interface ForwardSinkOptions {
  readonly body: ForwardedBody | undefined;
  /** the answer goes to an app, not to an HTTP client */
  readonly isServiceCall: boolean;
}

/** One answer to another cell, which hands on to its client what comes, as it comes. */
export class ForwardSink implements ResponseSink {
  headSent = false;
  gone = false;
  /** nothing more of this answer will be written */
  isDone = false;
  readonly #socket: Socket;
  readonly #options: ForwardSinkOptions;
  #goneListeners: (() => void)[] = [];
  readonly #drain: DrainWait;

  constructor(socket: Socket, options: ForwardSinkOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#drain = new DrainWait(socket);
  }

  // The app's side

  respond(head: ResponseHead, body: null | string | Uint8Array): NanosError | undefined {
    if (this.gone || this.headSent) return undefined;
    const refusal = this.#refusal(head);
    if (refusal !== undefined) return refusal;
    this.headSent = true;
    const parts = [headFrame(head, body === null ? 'none' : 'whole')];
    if (body !== null) parts.push(frame(FRAME.data, body));
    this.#finish(Buffer.concat([...parts, frame(FRAME.end)]));
    return undefined;
  }

  start(head: ResponseHead): NanosError | undefined {
    if (this.gone || this.headSent) return undefined;
    const refusal = this.#refusal(head);
    if (refusal !== undefined) return refusal;
    this.headSent = true;
    this.#socket.write(headFrame(head, 'stream'));
    return undefined;
  }

  write(chunk: Uint8Array | string): true | Promise<void> {
    if (this.gone || this.isDone) return true;
    return this.#socket.write(frame(FRAME.data, chunk)) ? true : this.#drain.wait();
  }

  end(): void {
    if (this.gone || this.isDone) return;
    this.#finish(frame(FRAME.end));
  }

  fail(error: NanosError, stack?: string): void {
    if (this.gone || this.isDone) return;
    if (this.headSent) {
      this.isDone = true;
      this.#socket.destroy();
      return;
    }
    this.headSent = true;
    const data = toErrorData(error);
    const failure: ForwardedFailure = { error: { ...data, message: data.message.slice(0, TEXT_LENGTH_MAX) }, stack: stack?.slice(0, TEXT_LENGTH_MAX) };
    this.#finish(frame(FRAME.failure, JSON.stringify(failure)));
  }

  onClientGone(listener: () => void): void {
    if (this.gone) queueMicrotask(listener);
    else this.#goneListeners.push(listener);
  }

  // The connection's side

  /** The other cell closed the connection: its client has gone, or it has itself. */
  lost(): void {
    if (this.gone || this.isDone) return;
    this.gone = true;
    this.#drain.fail(new NanosError('bad_request', 'The client went away'));
    for (const listener of this.#goneListeners) listener();
  }

  /** Checked here, where the app can still be told why its answer was refused. */
  #refusal(head: ResponseHead): NanosError | undefined {
    const refusal = this.#options.isServiceCall ? serviceHeadRefusal(head) : wireHeadRefusal(head);
    if (refusal !== undefined) this.fail(refusal);
    return refusal;
  }

  #finish(last: Buffer): void {
    this.isDone = true;
    this.#socket.write(last);
    this.#options.body?.close();
  }
}

function headFrame({ status, statusText, headers }: ResponseHead, body: ForwardedHead['body']): Buffer {
  const head: ForwardedHead = { status, statusText, headers, body };
  return frame(FRAME.head, JSON.stringify(head));
}

function wireHeadRefusal(head: ResponseHead): NanosError | undefined {
  try {
    toWireHead(head);
    return undefined;
  } catch (error) {
    return error instanceof NanosError ? error : new NanosError('internal', 'Can not check the response', { cause: error });
  }
}
