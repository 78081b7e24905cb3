/** Serves the tree over loopback HTTP as wptserve does, as far as tests without a page need it. */
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { serverScripts } from './server-scripts.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.txt': 'text/plain',
  '.xml': 'text/xml',
};

export interface WptServer {
  readonly origin: string;
  close(): void;
}

export async function startWptServer(root: string): Promise<WptServer> {
  const server = createServer((request, response) => {
    answer(root, request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, close: () => closeAll(server) };
}

function closeAll(server: Server): void {
  server.close();
  server.closeAllConnections();
}

async function answer(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const path = decodeURIComponent(url.pathname);
  const script = serverScripts[path.slice(path.lastIndexOf('/') + 1)];
  if (script !== undefined) return script({ request, response, query: url.searchParams });
  const file = join(root, normalize(path));
  if (!existsSync(file) || !statSync(file).isFile() || path.endsWith('.py')) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not in the tree');
    return;
  }
  if (path.endsWith('.asis')) {
    response.socket?.end(readFileSync(file));
    return;
  }
  response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
  if (existsSync(`${file}.headers`)) addHeaders(response, readFileSync(`${file}.headers`, 'latin1'));
  response.setHeader('content-length', statSync(file).size);
  if (request.method === 'HEAD') response.end();
  else createReadStream(file).pipe(response);
}

function addHeaders(response: ServerResponse, text: string): void {
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) response.appendHeader(line.slice(0, colon), line.slice(colon + 1).trim());
  }
}
