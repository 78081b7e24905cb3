/** Where other cells hand over requests of apps that live in this one. What comes here is served here: nothing is forwarded twice. */
import { timingSafeEqual } from 'node:crypto';
import { Server, type Socket } from 'node:net';
import type { AppHandler, AppRequest } from '../../protocol/app-call.ts';
import { NanosError } from '../../protocol/errors.ts';
import { FRAME, frame, FrameReader, readRequest, type ForwardedRequest } from '../../protocol/forward-frames.ts';
import { ForwardSink } from './forward-sink.ts';
import { ForwardedBody } from './forwarded-body.ts';
import { readFrames } from './read-frames.ts';

/** The app of that name in this cell. */
type FindApp = (app: string) => AppHandler | undefined;

export class ForwardListener {
  readonly server: Server;
  readonly #connections = new Set<OwnerConnection>();
  #isParting = false;

  /** `key`: who does not say it first is cut off. */
  constructor(key: string, find: FindApp) {
    this.server = new Server((socket) => {
      const connection = new OwnerConnection(socket, key, find);
      this.#connections.add(connection);
      socket.on('close', () => this.#connections.delete(connection));
      if (this.#isParting) connection.part();
    });
  }

  /** Answers are due, or on their way. */
  get isBusy(): boolean {
    return [...this.#connections].some(({ isBusy }) => isBusy);
  }

  /** Asks who is connected to go elsewhere with the next request; accepts nobody else, if another cell does. */
  part(isReplaced: boolean): void {
    this.#isParting = true;
    if (isReplaced) this.server.close();
    for (const connection of this.#connections) connection.part();
  }
}

class OwnerConnection {
  readonly #socket: Socket;
  readonly #key: string;
  readonly #find: FindApp;
  #isKnown = false;
  #sink: ForwardSink | undefined;
  #body: ForwardedBody | undefined;
  /** a request whose body comes with it, and is not here yet */
  #incomplete: { readonly request: ForwardedRequest; readonly chunks: Buffer[] } | undefined;

  constructor(socket: Socket, key: string, find: FindApp) {
    this.#socket = socket;
    this.#key = key;
    this.#find = find;
    const reader = new FrameReader((kind, payload) => this.#receive(kind, payload));
    readFrames(socket, reader);
    // 'close' follows
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#body?.fail(new NanosError('bad_request', 'The client went away'));
      this.#sink?.lost();
    });
  }

  get isBusy(): boolean {
    return this.#incomplete !== undefined || this.#sink?.isDone === false || this.#socket.writableLength > 0;
  }

  part(): void {
    this.#socket.write(frame(FRAME.goodbye));
  }

  #receive(kind: number, payload: Buffer): void {
    if (!this.#isKnown) return this.#hello(kind, payload);
    switch (kind) {
      case FRAME.request:
        return this.#request(readRequest(payload));
      case FRAME.data:
        if (this.#incomplete !== undefined) this.#incomplete.chunks.push(payload);
        else this.#body?.data(payload);
        return;
      case FRAME.end:
        if (this.#incomplete !== undefined) this.#handOver(this.#incomplete.request, Buffer.concat(this.#incomplete.chunks));
        else this.#body?.end();
        return;
      case FRAME.gone:
        this.#body?.failed(payload);
        return this.#sink?.lost();
      case FRAME.failure:
        this.#body?.failed(payload);
    }
  }

  #hello(kind: number, payload: Buffer): void {
    const key = Buffer.from(this.#key);
    this.#isKnown = kind === FRAME.hello && payload.length === key.length && timingSafeEqual(payload, key);
    if (this.#isKnown) this.#socket.write(frame(FRAME.welcome));
    else this.#socket.destroy();
  }

  #request(request: ForwardedRequest): void {
    this.#body = undefined;
    if (request.body === 'whole') {
      this.#incomplete = { request, chunks: [] };
      return;
    }
    if (request.body === 'stream') this.#body = new ForwardedBody(this.#socket, request.length);
    this.#handOver(request, this.#body ?? null);
  }

  #handOver({ app, requestId, method, url, headers, depth }: ForwardedRequest, body: AppRequest['body']): void {
    this.#incomplete = undefined;
    const sink = new ForwardSink(this.#socket, { body: this.#body, isServiceCall: depth !== undefined });
    this.#sink = sink;
    const handler = this.#find(app);
    if (handler === undefined) return sink.fail(new NanosError('app_not_found', `There is no app ${app}`));
    try {
      handler.handle({ requestId, method, url, headers, body, depth }, sink);
    } catch (cause) {
      sink.fail(new NanosError('internal', 'The host failed to hand the request over', { cause }));
    }
  }
}
