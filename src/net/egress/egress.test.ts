import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { EgressPolicy } from '../../protocol/app.ts';
import type { BodyReader } from './body-reader.ts';
import { iterateBody } from './body-reader.ts';
import { createEgress } from './egress.ts';
import type { Egress, EgressAccount, EgressOptions, EgressRequest, EgressResponse } from './egress.ts';

/** Self-signed for nanos.test, valid 2020 to 2120; made for this test and used for nothing else. */
const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgG+HMiDGvnJ5CaVBi
Qcg0L54t0sgtCOv9dkdXmTl2B8ahRANCAAQIa0AUVZ0+McRJ5by3Ud0gDdrN57OT
BNfhSTSlqdSb+CetUbnnWPiZPIMxZF+yI+x9/8EJLnlLpmOK3q2r17IQ
-----END PRIVATE KEY-----`;
const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBYjCCAQegAwIBAgIBATAKBggqhkjOPQQDAjAVMRMwEQYDVQQDDApuYW5vcy50
ZXN0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAVMRMwEQYDVQQD
DApuYW5vcy50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAECGtAFFWdPjHE
SeW8t1HdIA3azeezkwTX4Uk0panUm/gnrVG551j4mTyDMWRfsiPsff/BCS55S6Zj
it6tq9eyEKNGMEQwFQYDVR0RBA4wDIIKbmFub3MudGVzdDAMBgNVHRMEBTADAQH/
MB0GA1UdDgQWBBStJfDS+ZSlljbKn/TnJf5HvAV2mDAKBggqhkjOPQQDAgNJADBG
AiEA7cv+wHmLj0LusqrrDjQPurCnIsnHjsNHzW9GQBVkFkQCIQDd6eleevJ9nW3m
qVNPoi1YWPYSLYorWU9hQ2dpF6rOrA==
-----END CERTIFICATE-----`;

const MIB = 1024 * 1024;
const publicOnly: EgressPolicy = { hosts: undefined, privateRanges: [] };
const loopback: EgressPolicy = { hosts: undefined, privateRanges: ['127.0.0.0/8'] };

const servers: Server[] = [];
const egresses: Egress[] = [];

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const serve = (listener: RequestListener): Promise<number> => listen(createServer({ keepAliveTimeout: 60_000 }, listener));

/** Answers every connection with these bytes once something has arrived. */
const serveBytes = (answer: (socket: Socket) => void): Promise<number> =>
  listen(createTcpServer((socket) => socket.on('error', () => {}).once('data', () => answer(socket))));

function egress(options: EgressOptions = {}): Egress {
  const created = createEgress(options);
  egresses.push(created);
  return created;
}

const request = (url: string, change: Partial<EgressRequest> = {}): EgressRequest => ({ method: 'GET', url, headers: [], redirect: 'follow', body: null, ...change });
const never = new AbortController().signal;
const free: EgressAccount = { countSubrequest: () => {}, chargeCpu: () => {} };

function send(url: string, change: Partial<EgressRequest> = {}, policy = loopback, from = egress()): Promise<EgressResponse> {
  return from.fetch(request(url, change), policy, never, free);
}

async function bytesOf(body: BodyReader | null): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  if (body !== null) for await (const chunk of iterateBody(body)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const textOf = async (response: EgressResponse): Promise<string> => (await bytesOf(response.body)).toString();

function valuesOf(headers: readonly string[], name: string): string[] {
  return headers.filter((_, i) => i % 2 === 1 && headers[i - 1] === name);
}

function echo(incoming: IncomingMessage, response: ServerResponse): void {
  const body: Buffer[] = [];
  incoming.on('data', (chunk: Buffer) => void body.push(chunk));
  incoming.on('end', () => {
    response.end(JSON.stringify({ method: incoming.method, url: incoming.url, headers: incoming.rawHeaders, body: Buffer.concat(body).toString('latin1') }));
  });
}

async function* chunksOf(count: number, bytes: number, onPull?: () => void): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) {
    onPull?.();
    yield new Uint8Array(bytes).fill(i);
  }
}

function deferred<T>(): { promise: Promise<T>; resolve(value: T): void } {
  let resolve!: (value: T) => void;
  return { promise: new Promise<T>((settle) => void (resolve = settle)), resolve: (value) => resolve(value) };
}

const denied = (reason: RegExp) => ({ name: 'NanosError', code: 'egress_denied', message: reason });

afterEach(() => {
  for (const created of egresses.splice(0)) created.close();
  for (const server of servers.splice(0)) {
    server.close();
    if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function') server.closeAllConnections();
  }
});

describe('egress: requests and responses', () => {
  it('sends method, path, query, headers and body, and sets the host itself', async () => {
    const port = await serve(echo);
    const response = await send(`http://127.0.0.1:${port}/a/b?c=d#e`, { method: 'PUT', headers: ['X-One', '1', 'x-two', 'é'], body: Buffer.from([0, 255, 10]) });
    const seen = JSON.parse(await textOf(response)) as { method: string; url: string; headers: string[]; body: string };
    assert.equal(response.status, 200);
    assert.equal(response.url, `http://127.0.0.1:${port}/a/b?c=d`);
    assert.equal(response.redirected, false);
    assert.equal(seen.method, 'PUT');
    assert.equal(seen.url, '/a/b?c=d');
    assert.deepEqual(valuesOf(seen.headers, 'host'), [`127.0.0.1:${port}`]);
    assert.deepEqual(valuesOf(seen.headers, 'content-length'), ['3']);
    assert.deepEqual(valuesOf(seen.headers, 'x-two'), ['é']);
    assert.equal(seen.body, '\0\xff\n');
  });

  it('lets no tenant frame the message or name another host', async () => {
    const port = await serve(echo);
    const headers = ['Host', 'evil.test', 'Content-Length', '5', 'Transfer-Encoding', 'chunked', 'Connection', 'x-a', 'Keep-Alive', 'x', 'TE', 'gzip',
      'Trailer', 'x', 'Upgrade', 'websocket', 'Expect', '100-continue', 'Proxy-Connection', 'x', 'Proxy-Authorization', 'x', 'x-a', '1'];
    const seen = JSON.parse(await textOf(await send(`http://127.0.0.1:${port}/`, { headers }))) as { headers: string[] };
    assert.deepEqual(seen.headers.filter((_, i) => i % 2 === 0), ['host', 'connection', 'x-a', 'accept-encoding']);
    assert.deepEqual(valuesOf(seen.headers, 'host'), [`127.0.0.1:${port}`]);
  });

  for (const [name, change] of [
    ['a header value with a line break', { headers: ['x-a', 'b\r\nhost: evil'] }],
    ['a header name with a space', { headers: ['x a', 'b'] }],
    ['a header value outside Latin-1', { headers: ['x-a', '\u{1f600}'] }],
    ['too many header bytes', { headers: ['x-a', 'b'.repeat(200_000)] }],
    ['a method that is no token', { method: 'GET / HTTP/1.1\r\n' }],
    ['CONNECT', { method: 'CONNECT' }],
    ['trace', { method: 'trace' }],
    ['GET with a body', { body: Buffer.from('x') }],
    ['an invalid URL', { url: 'http://[::1' }],
  ] satisfies [string, Partial<EgressRequest>][]) {
    it(`refuses ${name}`, async () => {
      const port = await serve(() => assert.fail('reached the server'));
      await assert.rejects(send(`http://127.0.0.1:${port}/`, change), TypeError);
    });
  }

  it('keeps Set-Cookie apart and bytes of values as they are, and drops hop-by-hop fields', async () => {
    const port = await serveBytes((socket) => socket.end(Buffer.from(
      'HTTP/1.1 203 Fine\xe9\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Latin: \xe9\xff\r\nConnection: close, x-hop\r\nX-Hop: 1\r\nKeep-Alive: x\r\nContent-Length: 2\r\n\r\nok', 'latin1')));
    const response = await send(`http://127.0.0.1:${port}/`);
    assert.equal(response.status, 203);
    assert.deepEqual(response.headers, ['set-cookie', 'a=1', 'set-cookie', 'b=2', 'x-latin', '\xe9\xff', 'content-length', '2']);
    assert.equal(await textOf(response), 'ok');
  });

  it('sends a streamed body, chunked or with its announced length', async () => {
    const port = await serve(echo);
    const url = `http://127.0.0.1:${port}/`;
    const chunked = JSON.parse(await textOf(await send(url, { method: 'POST', body: chunksOf(3, 2) }))) as { headers: string[]; body: string };
    assert.deepEqual(valuesOf(chunked.headers, 'transfer-encoding'), ['chunked']);
    assert.equal(chunked.body, '\0\0\x01\x01\x02\x02');
    const sized = JSON.parse(await textOf(await send(url, { method: 'POST', body: chunksOf(3, 2), bodyLength: 6 }))) as { headers: string[]; body: string };
    assert.deepEqual(valuesOf(sized.headers, 'content-length'), ['6']);
    assert.equal(sized.body, chunked.body);
  });

  it('fails a streamed body that is not as long as announced', async () => {
    const port = await serve(echo);
    for (const bodyLength of [5, 7]) {
      await assert.rejects(send(`http://127.0.0.1:${port}/`, { method: 'POST', body: chunksOf(3, 2), bodyLength }), { name: 'TypeError', message: /not as long as announced/ });
    }
  });

  it('fails with what the body stream threw', async () => {
    const port = await serve(echo);
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1);
      throw new TypeError('tenant stream broke');
    }
    await assert.rejects(send(`http://127.0.0.1:${port}/`, { method: 'POST', body: broken() }), { message: 'tenant stream broke' });
  });

  it('has no body for HEAD, 204, 205 and 304', async () => {
    const port = await serve((incoming, response) => {
      response.writeHead(Number(incoming.url?.slice(1)), incoming.method === 'HEAD' ? { 'content-length': '5' } : {});
      response.end();
    });
    for (const status of [204, 205, 304]) assert.equal((await send(`http://127.0.0.1:${port}/${status}`)).body, null);
    const head = await send(`http://127.0.0.1:${port}/200`, { method: 'HEAD' });
    assert.equal(head.body, null);
    assert.deepEqual(valuesOf(head.headers, 'content-length'), ['5']);
  });

  it('decodes gzip and brotli, and leaves an unknown coding as it is', async () => {
    const port = await serve((incoming, response) => {
      const coding = incoming.url?.slice(1) ?? '';
      response.setHeader('content-encoding', coding);
      const asked = Buffer.from(`asked for ${incoming.headers['accept-encoding']}`);
      response.end(coding === 'gzip' ? gzipSync(asked) : coding === 'br' ? brotliCompressSync(asked) : asked);
    });
    for (const coding of ['gzip', 'br']) {
      const response = await send(`http://127.0.0.1:${port}/${coding}`);
      assert.equal(await textOf(response), 'asked for gzip, br');
      assert.deepEqual([...valuesOf(response.headers, 'content-encoding'), ...valuesOf(response.headers, 'content-length')], []);
    }
    const response = await send(`http://127.0.0.1:${port}/zstd`, { headers: ['Accept-Encoding', 'zstd'] });
    assert.equal(await textOf(response), 'asked for zstd');
    assert.deepEqual(valuesOf(response.headers, 'content-encoding'), ['zstd']);
  });

  it('speaks TLS to a server whose certificate is for that name, and to no other', async () => {
    const server = createTlsServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, (_incoming, response) => void response.end('secure'));
    const port = await listen(server);
    const lookup = async (): Promise<string[]> => ['127.0.0.1'];
    const trusting = egress({ lookup, certificateAuthorities: [TEST_CERTIFICATE] });
    assert.equal(await textOf(await send(`https://nanos.test:${port}/`, {}, loopback, trusting)), 'secure');
    await assert.rejects(send(`https://other.test:${port}/`, {}, loopback, trusting), { name: 'TypeError', message: /certificate is for another host/ });
    await assert.rejects(send(`https://nanos.test:${port}/`, {}, loopback, egress({ lookup })), { name: 'TypeError', message: /self-signed/ });
    await assert.rejects(send(`https://nanos.test:${port}/`, {}, publicOnly, trusting), denied(/loopback/));
  });
});

describe('egress: what may be reached', () => {
  for (const host of ['127.0.0.1', 'localhost', 'LOCALHOST', '127.1', '0x7f.0.0.1', '0177.0.0.1', '2130706433', '0x7f000001', '017700000001', '0', '0.0.0.0',
    '[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::127.0.0.1]', '[2002:7f00:1::]', '10.0.0.1', '192.168.1.1', '172.16.0.1',
    '169.254.169.254', '[fe80::1]', '[fd00:ec2::254]', '100.64.0.1', '224.0.0.1', '255.255.255.255', '①②⑦.0.0.1', '127。0。0。1',
    '127.0.0.1.', '%6cocalhost', '%31%32%37.1', '127.000.000.001', '0x0', '00', '0xA9FEA9FE', '0251.0376.0251.0376', '[::ffff:0:7f00:1]', '[::ffff:a9fe:a9fe]', '[64:ff9b:1::7f00:1]', '[64:ff9b::a9fe:a9fe]', '[2001::1]', '[fec0::1]', '[febf::1]', '[ff02::1]']) {
    it(`refuses http://${host}/`, async () => {
      let connections = 0;
      const server = createServer().on('connection', () => void connections++);
      const port = await listen(server);
      await assert.rejects(send(`http://${host}:${port}/`, {}, publicOnly), denied(/the address is not public/));
      assert.equal(connections, 0);
    });
  }

  for (const url of ['ftp://example.com/', 'file:///etc/passwd', 'data:text/plain,x', 'ws://example.com/', 'http://user@127.0.0.1/', 'http://u:p@127.0.0.1/',
    'http://example.com@127.0.0.1/', 'http://127.0.0.1:25/', 'http://a!b.test/']) {
    it(`refuses ${url}`, () => assert.rejects(send(url), denied(/Request to .* denied/)));
  }

  it('reaches only the hosts that the policy names, before anything is resolved', async () => {
    const port = await serve(echo);
    const asked: string[] = [];
    const from = egress({ lookup: async (name) => (asked.push(name), ['127.0.0.1']) });
    const policy: EgressPolicy = { hosts: ['api.test', '*.cdn.test'], privateRanges: ['127.0.0.0/8'] };
    for (const host of ['api.test', 'API.test.', 'x.cdn.test']) assert.equal((await send(`http://${host}:${port}/`, {}, policy, from)).status, 200);
    for (const host of ['cdn.test', 'evil.test', 'api.test.evil.test', '127.0.0.1']) {
      await assert.rejects(send(`http://${host}:${port}/`, {}, policy, from), denied(/not among those/));
    }
    assert.deepEqual(asked, ['api.test', 'api.test.', 'x.cdn.test']);
  });

  it('connects only to those addresses of a name that are allowed', async () => {
    const port = await serve((_incoming, response) => void response.end('reached'));
    const from = egress({ lookup: async () => ['169.254.169.254', '10.0.0.1', '::1', '127.0.0.1'] });
    assert.equal(await textOf(await send(`http://mixed.test:${port}/`, {}, loopback, from)), 'reached');
    const refusing = egress({ lookup: async () => ['::1', '10.0.0.1', '169.254.169.254'] });
    await assert.rejects(send(`http://private.test:${port}/`, {}, loopback, refusing), denied(/private\.test denied: the address is not public but link-local/));
    await assert.rejects(send('http://empty.test/', {}, loopback, egress({ lookup: async () => [] })), denied(/has no address/));
    await assert.rejects(send('http://odd.test/', {}, loopback, egress({ lookup: async () => ['localhost', '127.1'] })), denied(/not an IP address/));
  });

  it('makes no connection to an address that a resolver gives in whatever form, unless it is allowed', async () => {
    let connections = 0;
    const port = await listen(createServer().on('connection', () => void connections++));
    const forms = ['127.0.0.1', '::1', '0.0.0.0', '::', '::ffff:127.0.0.1', '::ffff:7f00:1', '::127.0.0.1', '64:ff9b::7f00:1', '64:ff9b:1::7f00:1', '2002:7f00:1::', '2001:0:7f00:1::', 'fe80::1%lo', '::1%lo', '169.254.169.254', 'fd00:ec2::254',
      '127.1', '0x7f000001', '017700000001', '2130706433', ' 127.0.0.1', '127.0.0.1 ', '[::1]', '127.0.0.1:80', 'localhost', ''];
    for (const form of forms) await assert.rejects(send(`http://rebound.test:${port}/`, {}, publicOnly, egress({ lookup: async () => [form] })), denied(/rebound\.test denied/));
    await assert.rejects(send(`http://rebound.test:${port}/`, {}, publicOnly, egress({ lookup: async () => forms })), denied(/rebound\.test denied/));
    assert.equal(connections, 0);
  });

  it('judges a name again at each hop of a redirect', async () => {
    let reached = 0;
    const inside = await serve((_incoming, response) => (reached++, void response.end('inside')));
    const port = await serve((_incoming, response) => void response.writeHead(302, { location: `http://flips.test:${inside}/`, connection: 'close' }).end());
    const answers = [['127.0.0.1'], ['169.254.169.254', '::1']];
    const from = egress({ lookup: async () => answers.shift() ?? [] });
    await assert.rejects(send(`http://flips.test:${port}/`, {}, loopback, from), denied(/link-local|loopback/));
    assert.equal(reached, 0);
  });

  it('asks for a name once a connection, so that a second answer can not replace the judged one', async () => {
    const port = await serve((_incoming, response) => void response.end('public'));
    const answers = [['127.0.0.1'], ['10.0.0.1']];
    let asked = 0;
    const from = egress({ lookup: async () => answers[Math.min(asked++, 1)] ?? [] });
    assert.equal(await textOf(await send(`http://rebind.test:${port}/`, {}, loopback, from)), 'public');
    assert.equal(asked, 1);
    from.close();
    await assert.rejects(send(`http://rebind.test:${port}/`, {}, loopback, from), denied(/private/));
    assert.equal(asked, 2);
  });

  it('shares no connection between two policies, even while one is idle', async () => {
    let connections = 0;
    const server = createServer((_incoming, response) => void response.end('x')).on('connection', () => void connections++);
    const port = await listen(server);
    const from = egress();
    for (let i = 0; i < 3; i++) await textOf(await send(`http://127.0.0.1:${port}/`, {}, loopback, from));
    assert.equal(connections, 1);
    await assert.rejects(send(`http://127.0.0.1:${port}/`, {}, publicOnly, from), denied(/loopback/));
    await textOf(await send(`http://127.0.0.1:${port}/`, {}, { ...loopback }, from));
    assert.equal(connections, 2);
  });

  it('says that a name does not resolve', async () => {
    const lookup = async (): Promise<never> => {
      throw Object.assign(new Error('getaddrinfo ENOTFOUND nowhere.test'), { code: 'ENOTFOUND' });
    };
    await assert.rejects(send('http://nowhere.test/', {}, loopback, egress({ lookup })), { name: 'TypeError', message: 'Request to nowhere.test failed: the host name does not resolve' });
  });
});

describe('egress: redirects', () => {
  /** /STATUS/REST redirects with that status to REST, decoded; anything else is echoed. */
  const redirecting: RequestListener = (incoming, response) => {
    const [, status, location] = /^\/(\d{3})\/(.*)$/.exec(incoming.url ?? '') ?? [];
    if (status === undefined) return echo(incoming, response);
    response.writeHead(Number(status), location === '' ? {} : { location: decodeURIComponent(location ?? '') }).end('moved');
  };
  const through = (port: number, status: number, location: string): string => `http://127.0.0.1:${port}/${status}/${encodeURIComponent(location)}`;

  it('follows, calls back once a hop and reports the last URL', async () => {
    const port = await serve(redirecting);
    let hops = 0;
    const url = through(port, 302, `/307/${encodeURIComponent('/end')}`);
    const response = await egress().fetch(request(url), loopback, never, { ...free, countSubrequest: () => void hops++ });
    assert.equal(response.url, `http://127.0.0.1:${port}/end`);
    assert.equal(response.redirected, true);
    assert.equal(response.status, 200);
    assert.equal(hops, 3);
    await bytesOf(response.body);
  });

  it('ends when the callback throws', async () => {
    const port = await serve(redirecting);
    let hops = 0;
    const limited = (): void => {
      if (++hops > 1) throw new RangeError('limit');
    };
    await assert.rejects(egress().fetch(request(through(port, 302, '/end')), loopback, never, { ...free, countSubrequest: limited }), { message: 'limit' });
  });

  it('sends a buffered body again and rewrites the method where the standard says so', async () => {
    const port = await serve(redirecting);
    const body = Buffer.from('payload');
    const kept = JSON.parse(await textOf(await send(through(port, 307, '/end'), { method: 'POST', body }))) as { method: string; body: string };
    assert.deepEqual([kept.method, kept.body], ['POST', 'payload']);
    const rewritten = JSON.parse(await textOf(await send(through(port, 303, '/end'), { method: 'POST', body }))) as { method: string; body: string };
    assert.deepEqual([rewritten.method, rewritten.body], ['GET', '']);
    await assert.rejects(send(through(port, 308, '/end'), { method: 'POST', body: chunksOf(1, 1) }), { name: 'TypeError', message: /can't be sent again/ });
  });

  it('shows the redirect itself in manual mode, and rejects it in error mode', async () => {
    const port = await serve(redirecting);
    const response = await send(through(port, 301, '/end'), { redirect: 'manual' });
    assert.equal(response.status, 301);
    assert.deepEqual(valuesOf(response.headers, 'location'), ['/end']);
    assert.equal(await textOf(response), 'moved');
    await assert.rejects(send(through(port, 301, '/end'), { redirect: 'error' }), { name: 'TypeError', message: /Unexpected redirect/ });
    assert.equal((await send(`http://127.0.0.1:${port}/302/`)).status, 302);
  });

  for (const location of ['http://10.0.0.1/', 'http://169.254.169.254/latest/meta-data/', 'http://[::ffff:10.0.0.1]/', 'file:///etc/passwd', 'http://u:p@127.0.0.1/', 'http://private.test/', 'http://127.0.0.1:22/']) {
    it(`refuses a redirect to ${location}`, async () => {
      const port = await serve(redirecting);
      const from = egress({ lookup: async (name) => (name === 'private.test' ? ['192.168.0.1'] : ['127.0.0.1']) });
      const url = `http://front.test:${port}/302/${encodeURIComponent(location)}`;
      await assert.rejects(send(url, {}, loopback, from), denied(/denied/));
    });
  }

  it('gives up after 20 hops and on ambiguous locations', async () => {
    const port = await serve((incoming, response) => {
      if (incoming.url === '/two') response.writeHead(302, ['Location', '/a', 'Location', '/b']).end();
      else response.writeHead(302, { location: '/again' }).end();
    });
    let hops = 0;
    await assert.rejects(egress().fetch(request(`http://127.0.0.1:${port}/`), loopback, never, { ...free, countSubrequest: () => void hops++ }), { name: 'TypeError', message: 'More than 20 redirects' });
    assert.equal(hops, 21);
    await assert.rejects(send(`http://127.0.0.1:${port}/two`), { name: 'TypeError', message: /several locations/ });
  });
});

describe('egress: what is charged', () => {
  const chargesOf = async (from: Egress, url: string): Promise<number[]> => {
    const charges: number[] = [];
    const response = await from.fetch(request(url), loopback, never, { ...free, chargeCpu: (cpuMs) => void charges.push(cpuMs) });
    await bytesOf(response.body);
    return charges;
  };

  it('charges a look-up to the request that opens the connection, and an address or a kept connection to none', async () => {
    const port = await serve((_, response) => response.end('ok'));
    const from = egress({ lookup: async () => ['127.0.0.1'] });
    const [lookup, ...more] = await chargesOf(from, `http://name.test:${port}/`);
    assert.ok(lookup !== undefined && lookup > 0);
    assert.deepEqual(more, []);
    assert.deepEqual(await chargesOf(from, `http://name.test:${port}/`), []);
    assert.deepEqual(await chargesOf(from, `http://127.0.0.1:${port}/`), []);
  });

  it('charges look-ups that fail', async () => {
    let cpuMs = 0;
    const from = egress({ lookup: () => Promise.reject(new Error('nothing there')) });
    await assert.rejects(from.fetch(request('http://name.test/'), loopback, never, { ...free, chargeCpu: (ms) => void (cpuMs += ms) }));
    assert.ok(cpuMs > 0);
  });

  it('charges the decoding of a body by what it yields', async () => {
    const port = await serve((incoming, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync(Buffer.alloc(Number(incoming.url?.slice(1)))));
    });
    const total = async (bytes: number): Promise<number> => (await chargesOf(egress(), `http://127.0.0.1:${port}/${bytes}`)).reduce((sum, ms) => sum + ms, 0);
    assert.ok((await total(16 * MIB)) > 20 * (await total(100)));
  });
});

describe('egress: streams, aborts and failures', () => {
  it('takes from the server only what is read', async () => {
    let sent = 0;
    const stalled = deferred<void>();
    const port = await serve((_incoming, response) => {
      const more = (): void => {
        while (sent < 256 * MIB) {
          sent += MIB;
          if (!response.write(Buffer.alloc(MIB))) return void setTimeout(() => stalled.resolve(), 300).unref();
        }
        response.end();
      };
      response.on('drain', more);
      more();
    });
    const response = await send(`http://127.0.0.1:${port}/`);
    await stalled.promise;
    assert.ok(sent <= 64 * MIB, `${sent} bytes sent to a reader that reads nothing`);
    let received = 0;
    for (let chunk = await response.body?.read(); chunk; chunk = await response.body?.read()) received += chunk.byteLength;
    assert.equal(received, 256 * MIB);
  });

  it('takes from the tenant only what the server reads', async () => {
    const arrived = deferred<IncomingMessage>();
    const port = await serve((incoming, response) => {
      arrived.resolve(incoming);
      incoming.on('end', () => response.end('done'));
    });
    let pulled = 0;
    const pending = send(`http://127.0.0.1:${port}/`, { method: 'POST', body: chunksOf(128, MIB, () => void pulled++) });
    const incoming = await arrived.promise;
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(pulled <= 64, `${pulled} MiB pulled for a server that reads nothing`);
    let received = 0;
    incoming.on('data', (chunk: Buffer) => void (received += chunk.byteLength));
    assert.equal(await textOf(await pending), 'done');
    assert.equal(received, 128 * MIB);
  });

  it('streams both ways at once', async () => {
    const port = await serve((incoming, response) => void incoming.pipe(response));
    const response = await send(`http://127.0.0.1:${port}/`, { method: 'POST', body: chunksOf(64, 100_000) });
    const received = await bytesOf(response.body);
    assert.equal(received.byteLength, 6_400_000);
    assert.equal(received[6_399_999], 63);
  });

  it('rejects with the reason of an abort before the head and frees the socket', async () => {
    const closed = deferred<void>();
    const arrived = deferred<void>();
    const port = await serve((incoming) => {
      incoming.socket.on('close', () => closed.resolve());
      arrived.resolve();
    });
    const controller = new AbortController();
    const pending = egress().fetch(request(`http://127.0.0.1:${port}/`), loopback, controller.signal, free);
    await arrived.promise;
    const reason = new DOMException('stop', 'AbortError');
    controller.abort(reason);
    await assert.rejects(pending, (error) => error === reason);
    await closed.promise;
  });

  it('rejects with the reason of an abort while the body is read, and stops the upload', async () => {
    const closed = deferred<void>();
    const port = await serve((incoming, response) => {
      incoming.socket.on('close', () => closed.resolve());
      response.write('first');
    });
    let returned = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          yield new Uint8Array(10);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      } finally {
        returned = true;
      }
    }
    const controller = new AbortController();
    const response = await egress().fetch(request(`http://127.0.0.1:${port}/`, { method: 'POST', body: endless() }), loopback, controller.signal, free);
    assert.equal(Buffer.from((await response.body?.read()) ?? []).toString(), 'first');
    const reading = response.body?.read();
    controller.abort(new DOMException('stop', 'AbortError'));
    await assert.rejects(reading ?? Promise.resolve(), { name: 'AbortError' });
    await closed.promise;
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(returned, true);
  });

  it('is stopped by an abort while a name is looked up and before anything starts', async () => {
    const controller = new AbortController();
    const from = egress({ lookup: () => new Promise(() => controller.abort(new DOMException('stop', 'AbortError'))) });
    await assert.rejects(from.fetch(request('http://slow.test/'), loopback, controller.signal, free), { name: 'AbortError' });
    await assert.rejects(from.fetch(request('http://slow.test/'), loopback, controller.signal, { ...free, countSubrequest: () => assert.fail('counted') }), { name: 'AbortError' });
  });

  it('gives up when no connection comes about', async () => {
    const from = egress({ lookup: () => new Promise(() => {}), connectMsMax: 20 });
    await assert.rejects(send('http://slow.test/', {}, loopback, from), { name: 'TypeError', message: /no connection within 20 ms/ });
  });

  it('frees the socket when the body is cancelled', async () => {
    const closed = deferred<void>();
    const port = await serve((incoming, response) => {
      incoming.socket.on('close', () => closed.resolve());
      response.write('first');
    });
    const response = await send(`http://127.0.0.1:${port}/`);
    const reading = response.body?.read();
    response.body?.cancel();
    await reading;
    await closed.promise;
    response.body?.cancel();
  });

  for (const [name, answer, where] of [
    ['resets the connection inside the body', (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', () => setTimeout(() => socket.resetAndDestroy(), 20)), 'body'],
    ['closes inside a body of known length', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'), 'body'],
    ['closes inside a chunk', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab'), 'body'],
    ['sends a broken chunk size', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab'), 'body'],
    ['closes without an answer', (socket: Socket) => socket.end(), 'head'],
    ['resets without an answer', (socket: Socket) => socket.resetAndDestroy(), 'head'],
    ['answers something else', (socket: Socket) => socket.end('SSH-2.0-OpenSSH\r\n'), 'head'],
    ['sends endless headers', (socket: Socket) => socket.end(`HTTP/1.1 200 OK\r\n${`X-A: ${'b'.repeat(1_000)}\r\n`.repeat(200)}\r\n`), 'head'],
    ['switches protocols unasked', (socket: Socket) => socket.end('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'), 'head'],
    ['frames the body in two ways', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'), 'head'],
  ] satisfies [string, (socket: Socket) => void, 'head' | 'body'][]) {
    it(`fails with a TypeError when the server ${name}`, async () => {
      const port = await serveBytes(answer);
      const pending = send(`http://127.0.0.1:${port}/`);
      const failing = where === 'head' ? pending : pending.then((response) => bytesOf(response.body));
      await assert.rejects(failing, { name: 'TypeError', message: /^Request to 127\.0\.0\.1:\d+ failed: [a-z]/ });
    });
  }

  it('repeats what may be repeated when a kept connection turns out to be closed', async () => {
    const port = await listen(createTcpServer((socket) => {
      let requests = 0;
      socket.on('error', () => {}).on('data', () => {
        if (++requests === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        else socket.destroy();
      });
    }));
    const url = `http://127.0.0.1:${port}/`;
    const from = egress();
    const body = Buffer.from('x');
    for (const method of ['GET', 'GET', 'PUT']) {
      assert.equal(await textOf(await send(url, { method, body: method === 'PUT' ? body : null }, loopback, from)), 'ok');
    }
    await assert.rejects(send(url, { method: 'POST', body }, loopback, from), { name: 'TypeError', message: /closed|reset/ });
  });

  it('answers before the upload is read, without a second use of that connection', async () => {
    let connections = 0;
    const server = createServer((incoming, response) => {
      response.end('early');
      incoming.resume();
    }).on('connection', () => void connections++);
    const port = await listen(server);
    const from = egress();
    const url = `http://127.0.0.1:${port}/`;
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      await new Promise(() => {});
    }
    assert.equal(await textOf(await send(url, { method: 'POST', body: stuck() }, loopback, from)), 'early');
    assert.equal(await textOf(await send(url, {}, loopback, from)), 'early');
    assert.equal(connections, 2);
  });
});
