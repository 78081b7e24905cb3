/** One HTTP request to an app and its answer, between the listener that has the socket and the app that has the code. */
import type { NanosError } from './errors.ts';

export interface AppRequest {
  readonly requestId: string;
  readonly method: string;
  /** absolute: http://host/path?query as the client sent it */
  readonly url: string;
  /** name, value, name, value, …; names lower-case, as many times as they came, hop-by-hop ones removed */
  readonly headers: string[];
  /** bytes when the whole body came with the head */
  readonly body: null | Uint8Array | RequestBodyStream;
  /** how many apps have called one another up to here; nothing: none */
  readonly depth?: number | undefined;
  /** instead of an HTTP request, which the members above then say nothing of */
  readonly scheduled?: ScheduledEvent | undefined;
}

/** A cron trigger. */
export interface ScheduledEvent {
  /** the pattern, as it was configured */
  readonly cron: string;
  /** what it was scheduled for, ms since the epoch */
  readonly timeMs: number;
}

export interface RequestBodyStream {
  /** The next chunk, null at the end. Rejects when the client went away, or with `body_too_large` or `bad_request`. */
  read(): Promise<Uint8Array | null>;
  /** Nothing more will be read. */
  cancel(): void;
  /** bytes, when the client said so */
  readonly length: number | undefined;
}

export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  /** name, value, name, value, … as the tenant gave them: unchecked */
  readonly headers: string[];
}

/** The answer to one request. After the client has gone everything is ignored. */
export interface ResponseSink {
  /** A complete answer. Returns why the head can't be sent, if so: then the client gets that error, and nothing more is to be written. */
  respond(head: ResponseHead, body: null | string | Uint8Array): NanosError | undefined;
  /** An answer whose body follows by {@link write}. Returns as {@link respond}. */
  start(head: ResponseHead): NanosError | undefined;
  /** true: take more now; else resolves when the client has taken enough. Rejects when the client is gone or stalls. */
  write(chunk: Uint8Array | string): true | Promise<void>;
  end(): void;
  /** Before the head: the error page. After it: the connection is cut. `stack` is shown in development only. */
  fail(error: NanosError, stack?: string): void;
  onClientGone(listener: () => void): void;
  readonly headSent: boolean;
  readonly gone: boolean;
}

export interface AppHandler {
  handle(request: AppRequest, sink: ResponseSink): void;
}
