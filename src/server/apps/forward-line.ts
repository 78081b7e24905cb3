/** The way from this cell to another one: requests of apps that live there, each on a connection that it has to itself while it lasts. */
import { connect, type Socket } from 'node:net';
import type { AppRequest, ResponseSink } from '../../protocol/app-call.ts';
import { fromErrorData, NanosError, toErrorData } from '../../protocol/errors.ts';
import { FRAME, frame, FrameReader, readFailure, readHead, type ForwardedFailure, type ForwardedHead, type ForwardedRequest } from '../../protocol/forward-frames.ts';
import { readFrames } from './read-frames.ts';

/** Connections that are kept for the next request. */
const IDLE_MAX = 64;

/** `refused`: it takes no connections · `moved`: another cell is there now, or none · `late`: it has not answered within the time given */
export type Unreachable = 'refused' | 'moved' | 'late';

export interface ForwardEvents {
  /** The cell can't be reached, and nothing was sent: the request can go another way. */
  unreachable(why: Unreachable): void;
  /** The cell went away while it had the request, and the client has been told. */
  lost(error: NanosError): void;
}

export class ForwardLine {
  readonly #path: string;
  readonly #key: string;
  readonly #idle: ForwardConnection[] = [];
  /** those that have not been taken yet */
  readonly #waiting = new Set<ForwardConnection>();
  /** of the cell that is there now */
  #generation = 0;

  /** `path`: of the Unix socket on which the other cell listens. `key`: which that cell takes requests from. */
  constructor(path: string, key: string) {
    this.#path = path;
    this.#key = key;
  }

  /** The other cell gets the request when it takes the connection; when it has not within `waitMs`, it never will. */
  send(app: string, request: AppRequest, sink: ResponseSink, events: ForwardEvents, waitMs: number): void {
    const connection = this.#idle.pop() ?? this.#connect(waitMs);
    connection.carry(new ForwardedCall(app, request, sink, events, connection));
  }

  /** Another cell is there now, or none: what was connected to the one before is used for nothing new, and nobody waits for it. */
  renew(): void {
    this.#generation++;
    for (const connection of this.#idle.splice(0)) connection.end();
    for (const connection of this.#waiting) connection.giveUp('moved');
  }

  #connect(waitMs: number): ForwardConnection {
    const generation = this.#generation;
    const connection = new ForwardConnection(this.#path, this.#key, waitMs, {
      taken: () => void this.#waiting.delete(connection),
      free: () => {
        if (generation !== this.#generation || this.#idle.length >= IDLE_MAX) connection.end();
        else this.#idle.push(connection);
      },
      gone: () => {
        this.#waiting.delete(connection);
        const at = this.#idle.indexOf(connection);
        if (at >= 0) this.#idle.splice(at, 1);
      },
    });
    this.#waiting.add(connection);
    return connection;
  }
}

interface ConnectionListener {
  taken(): void;
  free(): void;
  gone(): void;
}

class ForwardConnection {
  readonly socket: Socket;
  readonly #listener: ConnectionListener;
  readonly #deadline: NodeJS.Timeout;
  #call: ForwardedCall | undefined;
  /** The other cell listens. A connection may wait in the kernel, for this cell or for the next one there: what had been sent could begin then, and not be told elsewhere. */
  #isTaken = false;
  #isParting = false;
  #why: Unreachable = 'refused';

  constructor(path: string, key: string, waitMs: number, listener: ConnectionListener) {
    this.#listener = listener;
    const reader = new FrameReader((kind, payload) => this.#receive(kind, payload));
    this.socket = connect({ path });
    this.socket.write(frame(FRAME.hello, key));
    this.#deadline = setTimeout(() => this.giveUp('late'), waitMs);
    readFrames(this.socket, reader);
    // 'close' follows
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => this.#closed());
  }

  carry(call: ForwardedCall): void {
    this.#call = call;
    if (this.#isTaken) call.start();
  }

  /** Nobody has taken it, and nobody needs to any more. */
  giveUp(why: Unreachable): void {
    this.#why = why;
    this.socket.destroy();
  }

  /** The call is over; with `isClean` nothing of it can still come or go. */
  finished(isClean: boolean): void {
    this.#call = undefined;
    // the one who had it may have been slow to take it
    this.socket.resume();
    if (!isClean) this.socket.destroy();
    else if (this.#isParting) this.end();
    else this.#listener.free();
  }

  /** Nothing more will be asked. */
  end(): void {
    this.#isParting = true;
    this.#listener.gone();
    this.socket.end();
  }

  #receive(kind: number, payload: Buffer): void {
    if (kind === FRAME.welcome) return this.#taken();
    if (kind !== FRAME.goodbye) return this.#isTaken ? this.#call?.receive(kind, payload) : this.giveUp('refused');
    this.#isParting = true;
    if (this.#call === undefined) this.end();
  }

  #taken(): void {
    if (this.#isTaken) return;
    this.#isTaken = true;
    clearTimeout(this.#deadline);
    this.#listener.taken();
    this.#call?.start();
  }

  #closed(): void {
    clearTimeout(this.#deadline);
    this.#listener.gone();
    const call = this.#call;
    this.#call = undefined;
    if (this.#isTaken) call?.lost();
    else call?.unreachable(this.#why);
  }
}

/** One request on its way. */
class ForwardedCall {
  readonly #app: string;
  readonly #request: AppRequest;
  readonly #sink: ResponseSink;
  readonly #events: ForwardEvents;
  readonly #connection: ForwardConnection;
  /** an answer of one piece that is not complete yet */
  #whole: { readonly head: ForwardedHead; readonly chunks: Buffer[] } | undefined;
  /** the other cell waits for a chunk */
  #isReading = false;
  #isOver = false;

  constructor(app: string, request: AppRequest, sink: ResponseSink, events: ForwardEvents, connection: ForwardConnection) {
    this.#app = app;
    this.#request = request;
    this.#sink = sink;
    this.#events = events;
    this.#connection = connection;
    sink.onClientGone(() => this.#abandon());
  }

  start(): void {
    const { requestId, method, url, headers, depth, body } = this.#request;
    const kind = body === null ? 'none' : body instanceof Uint8Array ? 'whole' : 'stream';
    const head: ForwardedRequest = { app: this.#app, requestId, method, url, headers, depth, body: kind, length: kind === 'stream' ? lengthOf(body) : undefined };
    const first = frame(FRAME.request, JSON.stringify(head));
    if (body instanceof Uint8Array) this.#connection.socket.write(Buffer.concat([first, frame(FRAME.data, body), frame(FRAME.end)]));
    else this.#connection.socket.write(first);
  }

  receive(kind: number, payload: Buffer): void {
    switch (kind) {
      case FRAME.read:
        return void this.#sendChunk();
      case FRAME.cancel:
        return this.#streamedBody()?.cancel();
      case FRAME.head:
        return this.#head(readHead(payload));
      case FRAME.data:
        return this.#data(payload);
      case FRAME.end:
        return this.#end();
      case FRAME.failure: {
        const { error, stack } = readFailure(payload);
        this.#finish();
        this.#sink.fail(fromErrorData(error), stack);
      }
    }
  }

  #head(head: ForwardedHead): void {
    if (head.body === 'stream') this.#sink.start(head);
    else this.#whole = { head, chunks: [] };
  }

  #data(chunk: Buffer): void {
    if (this.#whole !== undefined) {
      this.#whole.chunks.push(chunk);
      return;
    }
    const taken = this.#sink.write(chunk);
    if (taken === true) return;
    const { socket } = this.#connection;
    socket.pause();
    taken.then(() => socket.resume(), () => this.#abandon());
  }

  #end(): void {
    this.#finish();
    if (this.#whole === undefined) return this.#sink.end();
    const { head, chunks } = this.#whole;
    this.#sink.respond(head, head.body === 'none' ? null : chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
  }

  async #sendChunk(): Promise<void> {
    const body = this.#streamedBody();
    if (body === undefined) return;
    this.#isReading = true;
    const next = await body.read().then((chunk) => (chunk === null ? frame(FRAME.end) : frame(FRAME.data, chunk)), (error: unknown) => this.#failureFrame(error));
    this.#isReading = false;
    if (!this.#connection.socket.destroyed) this.#connection.socket.write(next);
  }

  #failureFrame(error: unknown): Buffer {
    const failure: ForwardedFailure = { error: toErrorData(error) };
    return frame(this.#isOver ? FRAME.gone : FRAME.failure, JSON.stringify(failure));
  }

  #streamedBody(): Exclude<AppRequest['body'], null | Uint8Array> | undefined {
    const { body } = this.#request;
    return body === null || body instanceof Uint8Array ? undefined : body;
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connection.finished(!this.#isReading);
  }

  /** Nobody waits for the answer any more: the other cell learns it by the connection's end. */
  #abandon(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.#isReading) return this.#connection.finished(false);
    // the app that waits for a chunk is told first why none comes
    setImmediate(() => this.#connection.finished(false));
  }

  unreachable(why: Unreachable): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.unreachable(why);
  }

  lost(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const error = new NanosError('app_restarted', 'The app was restarted while it handled this request');
    this.#events.lost(error);
    this.#sink.fail(error);
  }
}

function lengthOf(body: AppRequest['body']): number | undefined {
  return body === null || body instanceof Uint8Array ? undefined : body.length;
}
