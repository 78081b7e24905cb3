import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';

export interface Page {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Heard {
  /** of the header Host, without the port */
  readonly host: string;
  readonly method: string;
  /** everything that the request said, as one text */
  readonly text: string;
}

/** All of the internet that the suite has, the attacker's servers among it: a server that keeps what it hears. */
export class Sink {
  readonly #server: Server;
  #heard: Heard[] = [];
  /** by host and path, `docs.example/page` */
  #pages: Readonly<Record<string, Page>> = {};

  private constructor() {
    this.#server = createServer((request, response) => {
      void readText(request).then((body) => {
        const host = (request.headers.host ?? '').replace(/:\d+$/, '');
        const method = request.method ?? '';
        this.#heard.push({ host, method, text: [method, request.url, ...request.rawHeaders, body].join('\n') });
        const page = this.#pages[host + (request.url ?? '').replace(/\?.*$/s, '')] ?? {};
        response.writeHead(page.status ?? 200, { connection: 'close', ...page.headers }).end(page.body ?? 'received');
      });
    });
  }

  static async start(): Promise<Sink> {
    const sink = new Sink();
    sink.#server.listen(0, '127.0.0.1');
    await once(sink.#server, 'listening');
    return sink;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get heard(): readonly Heard[] {
    return this.#heard;
  }

  /** Forgets what it heard, and serves other pages from now on. */
  serve(pages: Readonly<Record<string, Page>>): void {
    this.#heard = [];
    this.#pages = pages;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
