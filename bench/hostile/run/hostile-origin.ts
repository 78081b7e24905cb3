import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';

const MIB = 1024 * 1024;

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const ANSWERS: Readonly<Record<string, Answer>> = {
  '/': (_request, response) => response.end('reached'),
  '/loop': (_request, response) => response.writeHead(302, { location: '/loop' }).end(),
  '/redirect': ({ url = '' }, response) => response.writeHead(302, { location: new URL(url, 'http://a').searchParams.get('to') ?? '/' }).end(),
  '/silent': () => undefined,
  '/echo': (request, response) => {
    const { rawHeaders } = request;
    response.end(rawHeaders.map((text, index) => (index % 2 === 0 ? `${text.toLowerCase()}: ` : `${text}\n`)).join(''));
  },
  '/endless-body': (_request, response) => endless(response, Buffer.alloc(64 * 1024, 1)),
  '/inflating': (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    endless(response, gzipSync(Buffer.alloc(16 * MIB)));
  },
  '/endless-head': ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    const more = (): void => {
      while (!socket.destroyed && socket.write(`x-${Math.random()}: ${'y'.repeat(1_000)}\r\n`));
    };
    socket.on('drain', more).on('error', () => undefined);
    more();
  },
};

/** A server outside the host that means no good. */
export async function startHostileOrigin(): Promise<{ readonly url: string; close(): void }> {
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://a');
    (ANSWERS[pathname] ?? ANSWERS['/'])?.(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function endless(response: ServerResponse, piece: Buffer): void {
  Readable.from(pieces(piece)).on('error', () => undefined).pipe(response).on('error', () => undefined);
}

function* pieces(piece: Buffer): Generator<Buffer> {
  for (;;) yield piece;
}
