/** Entry file of the bare server: what the sample Workers do, written for node:http. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CHUNK_BYTES, HELLO_TEXT, STREAM_BYTES } from '../samples/throughput-apps.ts';

function hello(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/plain;charset=UTF-8', 'content-length': HELLO_TEXT.length });
  response.end(HELLO_TEXT);
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const text = JSON.stringify(JSON.parse(Buffer.concat(chunks).toString()));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  });
}

function* chunks(): Generator<Uint8Array> {
  for (let sent = 0; sent < STREAM_BYTES; sent += CHUNK_BYTES) yield new Uint8Array(CHUNK_BYTES).fill(120);
}

function stream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/octet-stream' });
  // a client that leaves in the middle is no failure of a bench
  pipeline(Readable.from(chunks(), { objectMode: false }), response).catch(() => response.destroy());
}

const server = createServer((request, response) => {
  const host = request.headers.host ?? '';
  if (host.startsWith('echo.')) echo(request, response);
  else if (host.startsWith('stream.')) stream(response);
  else hello(response);
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify({ socket: 'http', port: (server.address() as AddressInfo).port })}\n`));
