/** `fetch` out of an app: to a server that the operator allows, and to nothing that he doesn't. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { startNanos, temporaryFolder, writeFiles } from '../support/start-nanos.ts';

const MIB = 1024 * 1024;

/** What became of requests: `closed <path>` when a client left before its answer was complete. */
const upstreamEvents = new EventEmitter();
let upstreamRequests = 0;
const BLOB = randomBytes(5 * MIB);

const upstream = createServer((request, response) => {
  upstreamRequests++;
  response.on('close', () => response.writableFinished || upstreamEvents.emit(`closed ${request.url}`));
  void answer(request, response);
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://upstream');
  switch (pathname) {
    case '/echo': {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ method: request.method, url: request.url, rawHeaders: request.rawHeaders, sha256: createHash('sha256').update(body).digest('hex'), length: body.byteLength }));
      return;
    }
    case '/blob':
      response.end(BLOB);
      return;
    case '/cookies':
      response.writeHead(201, 'Made', [['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2'], ['X-Latin', '\xe9']].flat());
      response.end();
      return;
    case '/redirect': {
      const left = Number(searchParams.get('times'));
      response.writeHead(302, { location: left > 1 ? `/redirect?times=${left - 1}` : (searchParams.get('to') ?? '/echo') });
      response.end();
      return;
    }
    case '/drip':
      response.write('first');
      request.socket.once('close', () => undefined);
      return;
    case '/slow-body':
      response.writeHead(200, { 'content-length': '10' });
      response.write('12345');
      return;
    case '/broken':
      response.writeHead(200, { 'content-length': '10' });
      response.write('12345', () => request.socket.destroy());
      return;
    case '/never':
      upstreamEvents.emit('reached /never');
      return;
    default:
      response.writeHead(404).end();
  }
}

upstream.listen(0, '127.0.0.1');
await once(upstream, 'listening');
const { port: upstreamPort } = upstream.address() as AddressInfo;
after(() => {
  upstream.close();
  upstream.closeAllConnections();
});

const APP = `
const UP = 'http://127.0.0.1:${upstreamPort}';
const outcome = (promise) => promise.then((response) => 'status ' + response.status, (error) => error.name + ': ' + error.message);
export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    switch (url.pathname) {
      case '/proxy': return fetch(UP + '/blob');
      case '/headers': return fetch(UP + '/echo?q=%E2%82%AC', { method: 'PATCH', headers: { 'x-mine': '1', cookie: 'a=1', host: 'evil', connection: 'x', 'content-length': '99' }, body: 'text' });
      case '/forward': return fetch(new Request(UP + '/echo', request));
      case '/stream-up': return fetch(UP + '/echo', { method: 'POST', body: request.body });
      case '/cookies': { const response = await fetch(UP + '/cookies'); return Response.json([response.status, response.statusText, response.headers.getSetCookie(), response.headers.get('x-latin'), response.url, response.redirected]); }
      case '/redirected': { const response = await fetch(UP + '/redirect?times=' + url.searchParams.get('times')); return Response.json([response.redirected, response.url, response.status]); }
      case '/manual': { const response = await fetch(UP + '/redirect?times=1', { redirect: 'manual' }); return Response.json([response.status, response.headers.get('location')]); }
      case '/redirect-error': return new Response(await outcome(fetch(UP + '/redirect?times=1', { redirect: 'error' })));
      case '/redirect-to': return new Response(await outcome(fetch(UP + '/redirect?times=1&to=' + encodeURIComponent(url.searchParams.get('to')))));
      case '/to': return new Response(await outcome(fetch(url.searchParams.get('to'))));
      case '/abort': {
        const controller = new AbortController();
        setTimeout(() => controller.abort(), 50);
        return new Response(await outcome(fetch(UP + '/never', { signal: controller.signal })));
      }
      case '/timeout': return new Response(await outcome(fetch(UP + '/never?timeout', { signal: AbortSignal.timeout(50) })));
      case '/abort-body': {
        const controller = new AbortController();
        const response = await fetch(UP + '/drip', { signal: controller.signal });
        const reader = response.body.getReader();
        const first = new TextDecoder().decode((await reader.read()).value);
        controller.abort();
        return new Response(first + ' ' + await reader.read().then(() => 'went on', (error) => error.name));
      }
      case '/first-bytes': {
        const reader = (await fetch(UP + '/slow-body')).body.getReader();
        const { value } = await reader.read();
        await reader.cancel();
        return new Response(value);
      }
      case '/broken': return new Response(await fetch(UP + '/broken').then((response) => response.text()).then(() => 'complete', (error) => error.name));
      case '/hang': console.log('fetching'); await fetch(UP + '/never?client'); return new Response('too late');
      case '/pipe': return fetch(UP + '/drip');
      case '/many': {
        const count = Number(url.searchParams.get('count'));
        const results = await Promise.all(Array.from({ length: count }, () => outcome(fetch(UP + '/echo'))));
        return Response.json([results.filter((result) => result === 'status 200').length, results.find((result) => result !== 'status 200') ?? null]);
      }
      case '/in-wait-until': ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 20)).then(() => outcome(fetch(UP + '/echo'))).then((result) => console.log('later ' + result))); return new Response('now');
      case '/data-url': return fetch('data:text/plain,inline');
      case '/bad': return Response.json(await Promise.all(['ftp://x/', 'file:///etc/passwd', 'not a url', 'http://user:pass@127.0.0.1/', 'http://127.0.0.1:22/'].map((to) => outcome((async () => fetch(to))()))));
      default: return new Response('fine');
    }
  },
};`;

const CONFIG = `
tenants:
  allowed: { egress: { private: [loopback] } }
  few: { egress: { private: [loopback] }, limits: { subrequests: 3 } }
  named: { egress: { private: [loopback], hosts: [api.example.com] } }
`;

const root = await temporaryFolder({ after });
await writeFiles(root, { 'nanos.yaml': CONFIG });
const nanos = await startNanos({ after }, {
  root,
  args: ['--config', join(root, 'nanos.yaml')],
  files: Object.fromEntries(['allowed', 'denied', 'few', 'named'].map((name) => [`${name}/index.js`, APP])),
});

const text = async (path: string, app = 'allowed'): Promise<string> => {
  const { status, text: body } = await nanos.request(app, path);
  assert.equal(status, 200, body);
  return body;
};

interface Seen {
  method: string;
  url: string;
  rawHeaders: string[];
  sha256: string;
  length: number;
}

function headerOf({ rawHeaders }: Seen, name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

describe('to a server that the operator allows', () => {
  test('a large body straight through to the client', async () => {
    const { body, headers } = await nanos.request('allowed', '/proxy');
    assert.ok(BLOB.equals(body));
    assert.equal(headers['content-length'], `${BLOB.byteLength}`);
  });

  test('method, headers and body as given; the framing and Host are the host’s', async () => {
    const seen = JSON.parse(await text('/headers')) as Seen;
    assert.deepEqual([seen.method, seen.url, seen.length], ['PATCH', '/echo?q=%E2%82%AC', 4]);
    assert.deepEqual([headerOf(seen, 'x-mine'), headerOf(seen, 'cookie'), headerOf(seen, 'host'), headerOf(seen, 'content-length')], [['1'], ['a=1'], [`127.0.0.1:${upstreamPort}`], ['4']]);
  });

  for (const path of ['/forward', '/stream-up']) {
    test(`${path}: 3 MB of the client’s body go up as they come`, async () => {
      const body = randomBytes(3 * MIB);
      const { json } = await nanos.request('allowed', path, { method: 'POST', body, headers: { 'x-kept': 'yes' } });
      const seen = json() as Seen;
      assert.deepEqual([seen.method, seen.length, seen.sha256], ['POST', body.byteLength, createHash('sha256').update(body).digest('hex')]);
      if (path === '/forward') assert.deepEqual(headerOf(seen, 'x-kept'), ['yes']);
    });
  }

  test('status, several Set-Cookie, Latin-1, url', async () => {
    assert.deepEqual(JSON.parse(await text('/cookies')), [201, 'Made', ['a=1', 'b=2'], '\xe9', `http://127.0.0.1:${upstreamPort}/cookies`, false]);
  });

  test('redirects: followed, manual, error, too many', async () => {
    assert.deepEqual(JSON.parse(await text('/redirected?times=3')), [true, `http://127.0.0.1:${upstreamPort}/echo`, 200]);
    assert.deepEqual(JSON.parse(await text('/manual')), [302, '/echo']);
    assert.match(await text('/redirect-error'), /^TypeError: /);
    assert.match(await text('/redirect-to?to=/redirect?times=30'), /^TypeError: /);
  });

  test('abort and timeout end the request upstream', async () => {
    const aborted = once(upstreamEvents, 'closed /never');
    assert.match(await text('/abort'), /^AbortError: /);
    await aborted;
    const timedOut = once(upstreamEvents, 'closed /never?timeout');
    assert.match(await text('/timeout'), /^TimeoutError: /);
    await timedOut;
    const dripping = once(upstreamEvents, 'closed /drip');
    assert.equal(await text('/abort-body'), 'first AbortError');
    await dripping;
  });

  test('the head is there before the body is, and the rest can be left', async () => {
    const left = once(upstreamEvents, 'closed /slow-body');
    assert.equal(await text('/first-bytes'), '12345');
    await left;
  });

  test('a connection that breaks fails the body', async () => {
    assert.equal(await text('/broken'), 'TypeError');
  });

  test('a client that leaves ends what was fetched for it', async () => {
    for (const [path, closed, begun] of [['/hang', 'closed /never?client', 'reached /never'], ['/pipe', 'closed /drip', undefined]] as const) {
      const ended = once(upstreamEvents, closed);
      const reached = begun === undefined ? undefined : once(upstreamEvents, begun);
      const request = httpRequest({ host: '127.0.0.1', port: nanos.appsPort, path, agent: false, headers: { host: 'allowed.localhost' } });
      request.on('error', () => undefined);
      request.end();
      if (reached === undefined) {
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        response.on('error', () => undefined);
        await once(response, 'data');
      } else await reached;
      request.destroy();
      await ended;
    }
  });

  test('in waitUntil, after the response', async () => {
    assert.equal(await text('/in-wait-until'), 'now');
    await nanos.waitForLog(({ app, message }) => app === 'allowed' && message === 'later status 200');
  });

  test('the subrequest limit, redirects counted', async () => {
    assert.deepEqual(JSON.parse(await text('/many?count=3', 'few')), [3, null]);
    const [served, error] = JSON.parse(await text('/many?count=4', 'few')) as [number, string];
    assert.equal(served, 3);
    assert.match(error, /subrequest_limit/);
    assert.match(await text('/redirected?times=2', 'few'), /^\[true,/);
    const { status, headers } = await nanos.request('few', '/redirected?times=3');
    assert.deepEqual([status, headers['x-nanos-error']], [500, 'app_threw']);
    assert.deepEqual(JSON.parse(await text('/many?count=50')), [50, null]);
    assert.match(await text('/many?count=51'), /^\[50,".*subrequest_limit/);
  });

  test('data: URLs need no network', async () => {
    assert.equal(await text('/data-url', 'denied'), 'inline');
  });

  test('other schemes, credentials and blocked ports are refused', async () => {
    for (const result of JSON.parse(await text('/bad')) as string[]) assert.match(result, /^TypeError: /);
  });
});

describe('to addresses that nobody allowed', () => {
  const targets = [
    '127.0.0.1', 'localhost', 'LOCALHOST', '[::1]', '0.0.0.0', '[::]', '127.1', '2130706433', '0x7f000001', '0177.0.0.1', '127.0.0.1.', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[64:ff9b::7f00:1]',
    '%31%32%37.0.0.1', '１２７.0.0.1', '127。0。0。1', '10.0.0.1', '192.168.1.1', '172.16.0.1', '169.254.169.254', '[fe80::1]', '[fd00::1]', '100.64.0.1', '224.0.0.1', '255.255.255.255', '[2002:7f00:1::]',
  ];

  for (const target of targets) {
    test(target, async () => {
      const before = upstreamRequests;
      const result = await text(`/to?to=${encodeURIComponent(`http://${target}:${upstreamPort}/echo`)}`, 'denied');
      assert.match(result, /^TypeError: .*egress_denied/);
      assert.equal(upstreamRequests, before);
    });
  }

  test('not by a redirect either', async () => {
    for (const to of ['http://169.254.169.254/', 'http://10.0.0.1/', 'http://[fd00::1]/', 'file:///etc/passwd']) {
      assert.match(await text(`/redirect-to?to=${encodeURIComponent(to)}`), /^TypeError: /);
    }
  });

  test('the operator’s list of hosts holds for private addresses, too', async () => {
    assert.match(await text(`/to?to=${encodeURIComponent(`http://127.0.0.1:${upstreamPort}/echo`)}`, 'named'), /^TypeError: .*egress_denied/);
  });

  test('a refusal tells the app nothing about what listens there', async () => {
    const open = await text(`/to?to=${encodeURIComponent(`http://127.0.0.1:${upstreamPort}/`)}`, 'denied');
    const closed = await text(`/to?to=${encodeURIComponent('http://127.0.0.1:1025/')}`, 'denied');
    assert.equal(open.replace(`${upstreamPort}`, 'PORT'), closed.replace('1025', 'PORT'));
  });
});
