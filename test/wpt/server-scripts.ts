/** What the tree's server-side scripts (`.py`) answer, those that tests without a page ask for; by file name. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
}

type ServerScript = (exchange: Exchange) => Promise<void>;

const stash = new Map<string, string>();
const PAUSE_MS = 10;

export const serverScripts: Readonly<Record<string, ServerScript>> = {
  'echo-content.py': ({ request, response }) => echo(request, response, (body) => body),
  'echo-content-escaped.py': ({ request, response }) => echo(request, response, escapeControls),
  'infinite-slow-response.py': endless,
  'inspect-headers.py': inspectHeaders,
  'method.py': async ({ request, response }) => void response.writeHead(200, { 'x-request-method': request.method, 'content-type': 'text/plain' }).end(await buffer(request)),
  'slow.py': async ({ response, query }) => {
    await sleep(number(query, 'delay', 2_000));
    response.end();
  },
  'stash-put.py': async ({ response, query }) => {
    stash.set(query.get('key') ?? '', query.get('value') ?? '');
    response.end('done');
  },
  'stash-take.py': async ({ response, query }) => {
    const key = query.get('key') ?? '';
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(stash.get(key) ?? null));
    stash.delete(key);
  },
  'redirect.py': async ({ response, query }) => void response.writeHead(number(query, 'redirect_status', 302), { location: query.get('location') ?? '' }).end(),
  'status.py': async ({ response, query }) => void response.writeHead(number(query, 'code', 200), query.get('text') ?? '', { 'content-type': query.get('type') ?? '' }).end(query.get('content') ?? ''),
  'trickle.py': trickle,
};

function number(query: URLSearchParams, name: string, otherwise: number): number {
  return Number(query.get(name) ?? otherwise);
}

async function echo(request: IncomingMessage, response: ServerResponse, change: (body: Buffer) => Buffer): Promise<void> {
  const body = await buffer(request);
  const { 'content-length': length = 'NO', 'content-type': type = 'NO' } = request.headers;
  response.writeHead(200, { 'x-request-method': request.method, 'x-request-content-length': length, 'x-request-content-type': type, 'content-type': 'text/plain; charset=UTF-8' });
  response.end(change(body));
}

/** Controls but CRLF and bytes above ASCII as `\xNN`, backslashes doubled. */
function escapeControls(body: Buffer): Buffer {
  const escaped = body.toString('latin1').replaceAll(/\r\n|[^ -~]|\\/g, (found) => {
    if (found === '\r\n') return found;
    return found === '\\' ? '\\\\' : `\\x${found.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return Buffer.from(escaped, 'latin1');
}

async function inspectHeaders({ request, response, query }: Exchange): Promise<void> {
  for (const name of (query.get('headers') ?? '').split('|')) {
    const value = request.headers[name.toLowerCase()];
    if (value !== undefined) response.setHeader(`x-request-${name}`, value);
  }
  response.setHeader('content-type', 'text/plain');
  response.end();
}

/** Bytes without end, until the client has gone or says so under `abortKey`; what became of it stands under `stateKey`. */
async function endless({ response, query }: Exchange): Promise<void> {
  const stateKey = query.get('stateKey');
  const abortKey = query.get('abortKey') ?? '';
  if (stateKey !== null) stash.set(stateKey, 'open');
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.write('.'.repeat(2048));
  while (!response.closed && !stash.has(abortKey)) {
    response.write('.');
    await sleep(PAUSE_MS);
  }
  stash.delete(abortKey);
  response.end();
  if (stateKey !== null) stash.set(stateKey, 'closed');
}

async function trickle({ request, response, query }: Exchange): Promise<void> {
  const pauseMs = number(query, 'ms', 500);
  await buffer(request);
  await sleep(pauseMs);
  response.writeHead(200, query.has('notype') ? {} : { 'content-type': 'text/plain' });
  response.flushHeaders();
  for (let count = number(query, 'count', 50); count > 0 && !response.closed; count--) {
    await sleep(pauseMs);
    response.write('TEST_TRICKLE\n');
  }
  response.end();
}
