/** Requests from the host, from arrival to the last promise passed to waitUntil. */
import { BodyKind, ResponseFlag, ToHost, type Unpacker } from '../../protocol/boundary.ts';
import { AbortController } from '../webapi/dom/abort-controller.ts';
import { DOMException } from '../webapi/dom/dom-exception.ts';
import { outgoingResponse, requestFromHost, Response, type IncomingRequest, type OutgoingBody } from '../webapi/fetch/index.ts';
import { callFetch, callScheduled } from './app.ts';
import { countStarted, currentRequest, enterRequest } from './current-request.ts';
import { describeError } from './describe-error.ts';
import { ExecutionContext } from './execution-context.ts';
import { fixedBuffer } from './fixed-buffer.ts';
import { awaitsHostWork } from './host-work.ts';
import { logLine } from './log.ts';
import { attachBuffer, message } from './outbox.ts';
import { isPromise, PromiseConstructor, promiseThen } from './primordials.ts';
import { offerOutbound, openInbound } from './streams.ts';
import { Table } from './table.ts';
import { judgeTurnsBy } from './turns.ts';

class ActiveRequest {
  readonly id: number;
  #waiting = 0;
  #responded = false;
  #streaming = false;
  #aborted = false;
  #abort: AbortController | undefined;

  constructor(id: number) {
    this.id = id;
  }

  signal(): AbortController['signal'] {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#aborted) this.#abort.abort(clientGone());
    }
    return this.#abort.signal;
  }

  abort(): void {
    this.#aborted = true;
    this.#abort?.abort(clientGone());
  }

  waitUntil(promise: unknown): void {
    this.#waiting++;
    const settled = (): void => {
      this.#waiting--;
      if (this.#responded && this.#waiting === 0) this.#finish();
    };
    promiseThen(new PromiseConstructor((resolve) => resolve(promise)), settled, (error) => {
      logLine('error', this.id, `Uncaught (in waitUntil) ${errorLine(error)}`);
      settled();
    });
  }

  /** `streaming`: the response's body follows. Returns the flags of the response message. */
  markResponded(streaming: boolean): number {
    this.#responded = true;
    this.#streaming = streaming;
    if (this.#waiting > 0) return ResponseFlag.waitUntilPending;
    this.#leave();
    return 0;
  }

  /** The response's body is over, one way or another. */
  bodyEnded(): void {
    this.#streaming = false;
    this.#leave();
  }

  #finish(): void {
    message(ToHost.done, 1).number(this.id);
    this.#leave();
  }

  /** While its body streams or waitUntil goes on, a client that leaves still aborts the signal. */
  #leave(): void {
    if (!this.#streaming && this.#waiting === 0) requests.take(this.id);
  }
}

const requests = new Table<ActiveRequest>();
judgeTurnsBy({ isOver: () => !isUnderWay(currentRequest()), isWaiting: () => awaitsHostWork(currentRequest()) });

/** False: it was answered, and nothing more is to be expected of it. */
export function isUnderWay(requestId: number): boolean {
  return requests.get(requestId) !== undefined;
}

function clientGone(): DOMException {
  return new DOMException('The client disconnected', 'AbortError');
}

function errorLine(error: unknown): string {
  const { name, message: text, stack } = describeError(error);
  return stack === '' ? `${name}: ${text}` : stack;
}

export function abortRequest(id: number): void {
  const request = requests.get(id);
  if (request === undefined) return;
  enterRequest(id);
  request.abort();
}

/** Reads one request message and runs the tenant's handler on it. Never throws what the tenant throws. */
export function receiveRequest(unpacker: Unpacker, buffers: (index: number) => ArrayBuffer): void {
  const active = new ActiveRequest(unpacker.number());
  const incoming = readRequest(unpacker, buffers, active);
  requests.set(active.id, active);
  enterRequest(active.id);
  countStarted();
  run(active, (context) => callFetch(requestFromHost(incoming), context));
}

/** Reads one cron trigger and runs the tenant's handler on it; what that returns is of no interest. */
export function receiveScheduled(unpacker: Unpacker): void {
  const active = new ActiveRequest(unpacker.number());
  const scheduled = { cron: unpacker.field(), timeMs: unpacker.number() };
  requests.set(active.id, active);
  enterRequest(active.id);
  countStarted();
  run(active, (context) => new PromiseConstructor((resolve) => resolve(callScheduled(scheduled, context))), () => new Response());
}

/** `answer`: what to respond with, when that is not what the handler returns. */
function run(active: ActiveRequest, handle: (context: ExecutionContext) => unknown, answer: (value: unknown) => unknown = (value) => value): void {
  const done = (value: unknown): void => respond(active, answer(value));
  try {
    const result = handle(new ExecutionContext((promise) => active.waitUntil(promise)));
    if (isPromise(result)) promiseThen(result, done, (error) => fail(active, error));
    else if (isThenable(result)) promiseThen(new PromiseConstructor((resolve) => resolve(result)), done, (error) => fail(active, error));
    else done(result);
  } catch (error) {
    fail(active, error);
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function readRequest(unpacker: Unpacker, buffers: (index: number) => ArrayBuffer, active: ActiveRequest): IncomingRequest {
  const method = unpacker.field();
  const url = unpacker.field();
  const kind = unpacker.number();
  const bodyField = unpacker.field();
  const headers: string[] = [];
  while (unpacker.fieldsLeft > 0) headers[headers.length] = unpacker.field();
  return { method, url, headers, body: readBody(kind, bodyField, buffers), signal: () => active.signal() };
}

function readBody(kind: number, field: string, buffers: (index: number) => ArrayBuffer): IncomingRequest['body'] {
  if (kind === BodyKind.text) return { text: field };
  if (kind === BodyKind.buffer) return { bytes: buffers(+field) };
  if (kind === BodyKind.stream) return { stream: openInbound(+field) };
  return null;
}

function respond(request: ActiveRequest, value: unknown): void {
  enterRequest(request.id);
  try {
    const { status, statusText, headers, body } = outgoingResponse(value);
    const buffer = body !== null && 'bytes' in body ? fixedBuffer(body.bytes) : undefined;
    const packer = message(ToHost.response, 6 + headers.length, buffer === undefined ? 0 : 1)
      .number(request.id)
      .number(status)
      .field(statusText)
      .number(request.markResponded(body !== null && 'source' in body));
    writeBody(packer, request, body, buffer);
    for (let i = 0; i < headers.length; i++) packer.field(headers[i]!);
  } catch (error) {
    fail(request, error);
  }
}

function writeBody(packer: ReturnType<typeof message>, request: ActiveRequest, body: OutgoingBody, buffer: ArrayBuffer | undefined): void {
  if (body === null) packer.number(BodyKind.none).field('');
  else if (buffer !== undefined) packer.number(BodyKind.buffer).number(attachBuffer(buffer));
  else if ('text' in body) packer.number(BodyKind.text).field(body.text);
  else if ('source' in body) packer.number(BodyKind.stream).number(offerOutbound(body.source, () => request.bodyEnded()));
}

function fail(request: ActiveRequest, error: unknown): void {
  enterRequest(request.id);
  const { name, message: text, stack } = describeError(error);
  const flags = request.markResponded(false);
  message(ToHost.fail, 5).number(request.id).number(flags).field(name).field(text).field(stack);
}
