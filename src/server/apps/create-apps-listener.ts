/** The data plane's HTTP edge: reads requests with node:http, finds their app and hands them over. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AppHandler, AppRequest } from '../../protocol/app-call.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import { createRequestIds } from '../../util/request-id.ts';
import { HttpResponseSink } from './http-response-sink.ts';
import type { SinkOptions } from './http-response-sink.ts';
import { IncomingBody, bodyTooLarge } from './incoming-body.ts';
import { malformedRequestError, refuseOnSocket } from './malformed-request.ts';
import { readRequestHead } from './request-head.ts';
import type { RequestHead } from './request-head.ts';

/** A body up to this is asked for at once when its client waits for "100 Continue". */
const SMALL_BODY_BYTES_MAX = 64 * 1024;

export interface AppRoute {
  readonly handler: AppHandler;
  readonly bodyBytesMax: number;
  /** error pages show messages and stacks */
  readonly dev: boolean;
}

export interface AppsListenerOptions {
  /** `host` as the client sent it, port included; undefined only in HTTP/1.0 */
  readonly route: (host: string | undefined, localPort: number) => AppRoute | undefined;
  /** answers close their connection */
  readonly isDraining: () => boolean;
  /** a request was answered here, without an app having seen it */
  readonly onRefused?: (code: ErrorCode) => void;
  readonly nextRequestId?: () => string;
  readonly headersMsMax?: number;
  readonly bodyIdleMsMax?: number;
  readonly keepAliveMsMax?: number;
  /** how often the limits on arriving headers are looked at */
  readonly timeoutCheckMs?: number;
}

/** The last request of a connection, kept on its socket. */
const LAST_SINK = Symbol('last sink');
interface AppsSocket extends Duplex {
  [LAST_SINK]?: HttpResponseSink;
}

export function createAppsListener(options: AppsListenerOptions): Server {
  const edge = new AppsEdge(options);
  const server = createServer({
    insecureHTTPParser: false,
    maxHeaderSize: HOST_LIMITS.headerBytesMax,
    requireHostHeader: false,
    headersTimeout: options.headersMsMax ?? HOST_LIMITS.headersMsMax,
    requestTimeout: 0,
    keepAliveTimeout: options.keepAliveMsMax ?? HOST_LIMITS.keepAliveMsMax,
    connectionsCheckingInterval: options.timeoutCheckMs ?? 5_000,
  });
  // Past a maximum node:http drops fields in silence; the head's size bounds them, and readRequestHead counts.
  server.maxHeadersCount = 0;
  server.on('request', (request, response) => edge.receive(request, response, false));
  server.on('checkContinue', (request, response) => edge.receive(request, response, true));
  server.on('checkExpectation', (request, response) => edge.refuse(request, response, new NanosError('bad_request', 'Expect other than 100-continue')));
  server.on('connect', (_request, socket) => edge.refuseConnection(socket, new NanosError('bad_request', 'CONNECT is not supported')));
  server.on('clientError', (error, socket) => edge.connectionError(error, socket));
  server.on('timeout', (socket) => edge.connectionIdle(socket));
  return server;
}

class AppsEdge {
  readonly #options: AppsListenerOptions;
  readonly #nextRequestId: () => string;
  readonly #bodyIdleMsMax: number;

  constructor(options: AppsListenerOptions) {
    this.#options = options;
    this.#nextRequestId = options.nextRequestId ?? createRequestIds(Date.now, randomBytes(5));
    this.#bodyIdleMsMax = options.bodyIdleMsMax ?? HOST_LIMITS.bodyIdleMsMax;
  }

  receive(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    const requestId = this.#nextRequestId();
    const sink = this.#sink(request, response, requestId);
    if (sink === undefined) return;
    const { method = 'GET', url: target = '', httpVersion, rawHeaders, socket } = request;
    const head = readRequestHead({ method, target, httpVersion, rawHeaders });
    if (head instanceof NanosError) return this.#refuse(sink, head);
    sink.hasBody = head.bodyLength !== 0;
    const localPort = socket.localPort ?? 0;
    const route = this.#options.route(head.host, localPort);
    if (route === undefined) return this.#notFound(sink, head);
    sink.dev = route.dev;
    const url = `http://${head.host ?? `localhost:${localPort}`}${head.target}`;
    if (head.bodyLength === 0) return hand(route.handler, { requestId, method, url, headers: head.headers, body: null }, sink);
    if (head.bodyLength !== undefined && head.bodyLength > route.bodyBytesMax) return this.#refuse(sink, bodyTooLarge(route.bodyBytesMax));
    sink.body = this.#body(request, response, head, route, sink, awaitsContinue);
    const bodiless = { requestId, method, url, headers: head.headers };
    // The first chunk that came with the head is there on the next tick, all of them only when the whole packet is parsed.
    if (head.bodyLength === undefined) setImmediate(receiveBody, request, sink, route, bodiless);
    else process.nextTick(receiveBody, request, sink, route, bodiless);
  }

  refuse(request: IncomingMessage, response: ServerResponse, error: NanosError): void {
    const sink = this.#sink(request, response, this.#nextRequestId());
    if (sink !== undefined) this.#refuse(sink, error);
  }

  /** What came is no request at all; answers that are still due come first. */
  refuseConnection(socket: AppsSocket, error: NanosError): void {
    const last = socket[LAST_SINK];
    if (last === undefined || last.closed) this.#refuseNow(socket, error);
    else if (last.requestComplete) last.closeAfter(() => this.#refuseNow(socket, error));
    else last.refuse(error);
  }

  /** The parser gave up, or a head took too long. */
  connectionError(cause: Error, socket: AppsSocket): void {
    const error = malformedRequestError(cause);
    if (error === undefined) socket.destroy();
    else this.refuseConnection(socket, error);
  }

  connectionIdle(socket: AppsSocket): void {
    const last = socket[LAST_SINK];
    if (last === undefined || last.closed) socket.destroy();
    else last.clientIsIdle();
  }

  #refuseNow(socket: Duplex, error: NanosError): void {
    if (refuseOnSocket(socket, error, this.#nextRequestId())) this.#options.onRefused?.(error.code);
  }

  /** undefined: the connection is being closed, and what comes on it is no request any more (RFC 9112 section 9.6). */
  #sink(request: IncomingMessage, response: ServerResponse, requestId: string): HttpResponseSink | undefined {
    const socket: AppsSocket = request.socket;
    const last = socket[LAST_SINK];
    if (last?.closesConnection === true) return undefined;
    const options: SinkOptions = { requestId, isDraining: this.#options.isDraining, bodyIdleMsMax: this.#bodyIdleMsMax };
    const sink = new HttpResponseSink(request, response, options);
    if (last !== undefined && !last.closed) last.next = sink;
    socket[LAST_SINK] = sink;
    return sink;
  }

  #refuse(sink: HttpResponseSink, error: NanosError): void {
    this.#options.onRefused?.(error.code);
    sink.refuse(error);
  }

  #notFound(sink: HttpResponseSink, head: RequestHead): void {
    this.#options.onRefused?.('app_not_found');
    sink.fail(new NanosError('app_not_found', `No app answers for ${head.host ?? 'a request without a host'}`));
  }

  #body(request: IncomingMessage, response: ServerResponse, head: RequestHead, route: AppRoute, sink: HttpResponseSink, awaitsContinue: boolean): IncomingBody {
    const small = head.bodyLength !== undefined && head.bodyLength <= SMALL_BODY_BYTES_MAX;
    if (awaitsContinue && small) response.writeContinue();
    return new IncomingBody(request, {
      length: head.bodyLength,
      bytesMax: route.bodyBytesMax,
      onWait: () => sink.waitForClient(),
      onFirstRead: () => {
        if (awaitsContinue && !small && !sink.headSent) response.writeContinue();
      },
      onTooLarge: (error) => sink.refuse(error),
    });
  }
}

type BodilessRequest = Omit<AppRequest, 'body'>;

function receiveBody(request: IncomingMessage, sink: HttpResponseSink, route: AppRoute, { requestId, method, url, headers }: BodilessRequest): void {
  if (sink.gone) return;
  const whole = request.complete || request.readableLength === sink.body?.length;
  if (!whole) return hand(route.handler, { requestId, method, url, headers, body: sink.body ?? null }, sink);
  const body: Uint8Array | null = request.read();
  request.resume();
  if (body !== null && body.byteLength > route.bodyBytesMax) return sink.refuse(bodyTooLarge(route.bodyBytesMax));
  sink.hasBody = false;
  sink.body = undefined;
  hand(route.handler, { requestId, method, url, headers, body }, sink);
}

function hand(handler: AppHandler, request: AppRequest, sink: HttpResponseSink): void {
  try {
    handler.handle(request, sink);
  } catch (cause) {
    sink.fail(new NanosError('internal', 'The host failed to hand the request over', { cause }));
  }
}
