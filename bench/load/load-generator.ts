/** Entry file of the load generator: keep-alive connections over raw sockets, each with one request under way. Its own process, so that only the server's CPU is counted. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FromGenerator, LoadOrder } from './load-messages.ts';
import { ResponseReader } from './response-reader.ts';

const RECEIVE_BYTES = 64 * 1024;

function requestBytes({ method, path, body }: LoadOrder, host: string): Buffer {
  const entity = method === 'POST' ? `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` : '';
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${entity}\r\n${body}`);
}

class Load {
  readonly #order: LoadOrder;
  readonly #requests: readonly Buffer[];
  readonly #readers: ResponseReader[] = [];
  readonly #sockets: Socket[] = [];
  readonly #fail: (error: Error) => void;
  readonly #answered: Promise<void>;
  #setAnswered: () => void = () => undefined;
  #bodyBytes = 0;
  #bytesDone = 0;
  #sent = 0;
  #answers = 0;
  #failures = 0;

  constructor(order: LoadOrder, fail: (error: Error) => void) {
    this.#order = order;
    this.#requests = [order.host, ...(order.moreHosts ?? [])].map((host) => requestBytes(order, host));
    this.#fail = fail;
    this.#answered = new Promise((resolve) => (this.#setAnswered = resolve));
  }

  /** A first request has been answered, well or not. */
  get answered(): Promise<void> {
    return this.#answered;
  }

  /** Body bytes so far, of responses under way too. */
  get bytes(): number {
    return this.#readers.reduce((total, { bytesSoFar }) => total + bytesSoFar, this.#bytesDone);
  }

  /** Bytes of one body. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  get failures(): number {
    return this.#failures;
  }

  get answers(): number {
    return this.#answers;
  }

  #nextRequest(): Buffer {
    return this.#requests[this.#sent++ % this.#requests.length]!;
  }

  open(): void {
    const { port } = this.#order;
    const buffer = Buffer.allocUnsafe(RECEIVE_BYTES);
    const reader = new ResponseReader(({ status, bytes }) => {
      this.#bytesDone += bytes;
      if (status === 200) this.#bodyBytes = bytes;
      else this.#failures++;
      this.#answers++;
      this.#setAnswered();
      socket.write(this.#nextRequest());
    });
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback: (length) => this.#feed(reader, buffer, length) } });
    socket.on('connect', () => socket.write(this.#nextRequest()));
    socket.on('error', this.#fail);
    socket.on('close', () => this.#fail(new Error('The server closed a connection')));
    this.#readers.push(reader);
    this.#sockets.push(socket);
  }

  #feed(reader: ResponseReader, buffer: Buffer, length: number): boolean {
    try {
      reader.feed(buffer, length);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
    return true;
  }
}

async function run(order: LoadOrder): Promise<FromGenerator> {
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  const load = new Load(order, fail);
  for (let opened = 0; opened < order.connections; opened++) load.open();
  await Promise.race([Promise.all([sleep(order.rampMs), load.answered]), failed]);
  const bytesBefore = load.bytes;
  const answersBefore = load.answers;
  const failuresBefore = load.failures;
  const startedMs = performance.now();
  process.send?.({ type: 'started' } satisfies FromGenerator);
  await Promise.race([sleep(order.measuredMs), failed]);
  const measuredMs = performance.now() - startedMs;
  if (load.bodyBytes === 0) throw new Error(`No request was answered with 200 (${load.failures} were with something else)`);
  const requests = order.moreHosts === undefined ? (load.bytes - bytesBefore) / load.bodyBytes : load.answers - answersBefore;
  return { type: 'done', requests, failures: load.failures - failuresBefore, measuredMs };
}

process.once('message', (order: LoadOrder) => {
  void run(order)
    .catch((error: unknown): FromGenerator => ({ type: 'failed', message: error instanceof Error ? error.message : String(error) }))
    .then((message) => process.send?.(message, () => process.exit(0)));
});
