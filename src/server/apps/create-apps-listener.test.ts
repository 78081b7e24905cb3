import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import type { AppHandler, AppRequest, RequestBodyStream, ResponseSink } from '../../protocol/app-call.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { ErrorCode } from '../../protocol/errors.ts';
import { HOST_LIMITS } from '../../protocol/limits.ts';
import { createAppsListener } from './create-apps-listener.ts';
import type { AppsListenerOptions } from './create-apps-listener.ts';
import { road } from './test-road.ts';

const MIB = 1024 * 1024;
const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

type Handle = AppHandler['handle'];

interface Running {
  readonly port: number;
  readonly refused: ErrorCode[];
  readonly server: Server;
}

async function serve(handle: Handle, change: Partial<AppsListenerOptions> & { bodyBytesMax?: number; dev?: boolean } = {}): Promise<Running> {
  const { bodyBytesMax = 100 * MIB, dev = false, ...options } = change;
  const refused: ErrorCode[] = [];
  const server = createAppsListener({
    route: (host) => (host?.startsWith('nobody') === true ? undefined : { handler: road.to({ handle }), bodyBytesMax, dev }),
    isDraining: () => false,
    onRefused: (code) => void refused.push(code),
    ...options,
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, refused, server };
}

const ok = (sink: ResponseSink, body: null | string | Uint8Array = 'ok', headers: string[] = []): void => void sink.respond({ status: 200, statusText: '', headers }, body);
const never: Handle = () => assert.fail('the app was called');

async function readAll(stream: RequestBodyStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Answers with what it was asked, as JSON. */
const echo: Handle = async ({ method, url, headers, body }, sink) => {
  const kind = body === null ? 'none' : body instanceof Uint8Array ? 'bytes' : 'stream';
  const bytes = body === null ? new Uint8Array() : body instanceof Uint8Array ? body : await readAll(body);
  ok(sink, JSON.stringify({ method, url, headers, kind, body: Buffer.from(bytes).toString('latin1') }));
};

function open(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  sockets.push(socket);
  return socket;
}

/** Everything that comes until the server closes. */
async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => void (text += chunk.toString('latin1')));
  await Promise.race([once(socket, 'end'), once(socket, 'close')]);
  socket.end();
  return text;
}

function until(socket: Socket, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (!pattern.test(text)) return;
      socket.off('data', onData);
      resolve(text);
    };
    socket.on('data', onData);
    socket.once('close', () => reject(new Error(`closed after ${JSON.stringify(text)}`)));
  });
}

function send(port: number, raw: string | Uint8Array): Promise<string> {
  const socket = open(port);
  socket.write(typeof raw === 'string' ? Buffer.from(raw, 'latin1') : raw);
  return untilClosed(socket);
}

const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1]);
const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);
const echoedIn = (text: string): AppRequest & { kind: string; body: string } => JSON.parse(Buffer.from(bodyOf(text), 'latin1').toString()) as AppRequest & { kind: string; body: string };
const errorOf = (text: string): string | undefined => /^x-nanos-error: (\w+)/m.exec(text)?.[1];
const responsesIn = (text: string): number => text.split('HTTP/1.1 ').length - 1;
const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n';

describe('apps listener: requests', () => {
  it('hands over method, absolute URL, headers and no body', async () => {
    const { port } = await serve(echo);
    const seen = echoedIn(await send(port, 'GET /p?q=1 HTTP/1.1\r\nHost: A.test:3000\r\nX-Latin: \xe9\r\nConnection: close\r\n\r\n'));
    assert.deepEqual(seen, { method: 'GET', url: 'http://A.test:3000/p?q=1', headers: ['host', 'A.test:3000', 'x-latin', 'é'], kind: 'none', body: '' });
  });

  it('routes by the authority of an absolute target, and by the port alone in HTTP/1.0 without Host', async () => {
    const asked: (string | undefined)[] = [];
    const { port } = await serve(echo, { route: (host, localPort) => (asked.push(host, `${localPort}`), { handler: { handle: echo }, bodyBytesMax: 1, dev: false }) });
    const absolute = await send(port, 'GET http://b.test/x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
    assert.match(bodyOf(absolute), /"url":"http:\/\/b\.test\/x"/);
    const old = await send(port, 'GET /x HTTP/1.0\r\n\r\n');
    assert.match(bodyOf(old), new RegExp(`"url":"http://localhost:${port}/x"`));
    assert.deepEqual(asked, ['b.test', `${port}`, undefined, `${port}`]);
  });

  it('hands over a body that came with its head as bytes', async () => {
    const { port } = await serve(echo);
    const sized = await send(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\n\0\xff\n');
    assert.deepEqual([echoedIn(sized).kind, echoedIn(sized).body], ['bytes', '\0ÿ\n']);
    const chunked = await send(port, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nTrailer: x\r\n\r\n');
    assert.match(bodyOf(chunked), /"kind":"bytes","body":"abc"/);
    const empty = await send(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    assert.match(bodyOf(empty), /"kind":"none"/);
  });

  it('streams a body that comes later, and tells its length', async () => {
    let length: number | undefined = -1;
    const { port } = await serve((request, sink) => {
      if (request.body !== null && !(request.body instanceof Uint8Array)) length = request.body.length;
      return echo(request, sink);
    });
    const socket = open(port);
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nConnection: close\r\n\r\nabc');
    setTimeout(() => socket.write('def'), 30);
    assert.match(bodyOf(await untilClosed(socket)), /"kind":"stream","body":"abcdef"/);
    assert.equal(length, 6);
  });

  it('takes from the client only what the app reads', async () => {
    let stream: RequestBodyStream | undefined;
    const { port } = await serve((request, sink) => {
      stream = request.body as RequestBodyStream;
      void stream.read().then(() => ok(sink, 'first'));
      sink.onClientGone(() => {});
    });
    const socket = open(port);
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${64 * MIB}\r\n\r\n`);
    const chunk = Buffer.alloc(MIB);
    for (let i = 0; i < 64; i++) socket.write(chunk);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok(socket.writableLength > 32 * MIB, `all but ${socket.writableLength} bytes were taken`);
    assert.match(await untilClosed(socket), /first$/);
  });

  it('answers pipelined requests in order and keeps the connection', async () => {
    const { port } = await serve((request, sink) => void setTimeout(() => ok(sink, request.url), request.url.endsWith('1') ? 30 : 0));
    const socket = open(port);
    socket.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match(await until(socket, /a\/2/), /a\/1[^]*a\/2/);
    socket.write('GET /3 HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(socket, /a\/3/);
  });

  it('gives each request an id that it also shows, unless the app has its own', async () => {
    const ids: string[] = [];
    const { port } = await serve((request, sink) => {
      ids.push(request.requestId);
      ok(sink, 'x', ids.length === 2 ? ['X-Request-Id', 'mine'] : []);
    });
    const [first, second] = [await send(port, GET), await send(port, GET)];
    assert.match(first, new RegExp(`^x-request-id: ${ids[0]}\r$`, 'm'));
    assert.match(second, /^x-request-id: mine\r$/m);
    assert.notEqual(ids[0], ids[1]);
  });
});

describe('apps listener: what is refused', () => {
  const H = 'Host: a.test\r\n';
  const chunked = (body: string): string => `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n${body}`;
  for (const [name, raw] of [
    ['Content-Length and Transfer-Encoding', `POST / HTTP/1.1\r\n${H}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['Content-Length twice', `POST / HTTP/1.1\r\n${H}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`],
    ['a list of Content-Lengths', `POST / HTTP/1.1\r\n${H}Content-Length: 3, 3\r\n\r\nabc`],
    ['a signed Content-Length', `POST / HTTP/1.1\r\n${H}Content-Length: +3\r\n\r\nabc`],
    ['an overflowing Content-Length', `POST / HTTP/1.1\r\n${H}Content-Length: 99999999999999999999999\r\n\r\nabc`],
    ['Transfer-Encoding: gzip, chunked', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['Transfer-Encoding: chunked, gzip', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`],
    ['Transfer-Encoding: identity', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: identity\r\n\r\n0\r\n\r\n`],
    ['Transfer-Encoding twice', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['Transfer-Encoding in HTTP/1.0', `POST / HTTP/1.0\r\n${H}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['Transfer-Encoding after a tab', `POST / HTTP/1.1\r\n${H}Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n`],
    ['a folded header', `GET / HTTP/1.1\r\n${H}X: a\r\n b\r\n\r\n`],
    ['bare line feeds', 'GET / HTTP/1.1\nHost: a\n\n'],
    ['a bare line feed after a header', 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n'],
    ['a bare carriage return', `GET / HTTP/1.1\r\n${H}X: a\rb\r\n\r\n`],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'],
    ['a space before the first header', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n'],
    ['a header without a colon', `GET / HTTP/1.1\r\n${H}Xyz\r\n\r\n`],
    ['a NUL in a header', `GET / HTTP/1.1\r\n${H}X: a\0b\r\n\r\n`],
    ['a chunk size that is no number', chunked('zz\r\n')],
    ['a chunk size with 0x', chunked('0x3\r\nabc\r\n0\r\n\r\n')],
    ['a negative chunk size', chunked('-3\r\nabc\r\n0\r\n\r\n')],
    ['an overflowing chunk size', chunked('fffffffffffffffff\r\nabc')],
    ['a chunk longer than its size', chunked('3\r\nabcX\r\n0\r\n\r\n')],
    ['a bare line feed after a chunk size', chunked('3\nabc\r\n0\r\n\r\n')],
    ['Content-Length in the trailer', chunked('0\r\nContent-Length: 5\r\n\r\n')],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
    ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n'],
    ['HTTP/0.9', 'GET /\r\n\r\n'],
    ['HTTP/2.0', `GET / HTTP/2.0\r\n${H}\r\n`],
    ['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['an unknown method', `FOO / HTTP/1.1\r\n${H}\r\n`],
    ['a space in the target', `GET /a b HTTP/1.1\r\n${H}\r\n`],
    ['a target without a slash', `GET abc HTTP/1.1\r\n${H}\r\n`],
    ['user-info in the target', `GET http://u@b.test/ HTTP/1.1\r\n${H}\r\n`],
    ['CONNECT', 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a WebSocket', `GET / HTTP/1.1\r\n${H}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`],
    ['an unknown expectation', `POST / HTTP/1.1\r\n${H}Expect: more\r\nContent-Length: 1\r\n\r\nx`],
  ] as const) {
    it(`refuses ${name} and closes the connection`, async () => {
      let called = 0;
      const { port } = await serve((request) => void (called += request.body === null || request.body instanceof Uint8Array ? 1 : 0));
      const answer = await send(port, `${raw}GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n`);
      assert.equal(statusOf(answer), 400);
      assert.equal(errorOf(answer), 'bad_request');
      assert.match(answer, /^connection: close\r$/im);
      assert.match(answer, /^content-type: application\/json\r$/m);
      assert.equal(responsesIn(answer), 1);
      assert.equal(called, 0);
      const { error } = JSON.parse(bodyOf(answer)) as { error: { code: string; request_id: string } };
      assert.equal(error.code, 'bad_request');
      assert.match(answer, new RegExp(`^x-request-id: ${error.request_id}\r$`, 'm'));
    });
  }

  it('tells the app that reads a body which turns out malformed', async () => {
    let rejected: unknown;
    let gone = false;
    const { port } = await serve(async (request, sink) => {
      sink.onClientGone(() => void (gone = true));
      await readAll(request.body as RequestBodyStream).catch((error: unknown) => void (rejected = error));
      ok(sink, 'too late');
    });
    const socket = open(port);
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
    setTimeout(() => socket.write('zz\r\n'), 30);
    const answer = await untilClosed(socket);
    assert.equal(statusOf(answer), 400);
    assert.equal(responsesIn(answer), 1);
    assert.ok(rejected instanceof NanosError && rejected.code === 'bad_request');
    assert.equal(gone, true);
  });

  it('answers a good request before it refuses the rubbish behind it', async () => {
    const { port } = await serve((_request, sink) => void setTimeout(() => ok(sink, 'good'), 30));
    const answer = await send(port, 'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nrubbish\r\n\r\n');
    assert.match(answer, /^HTTP\/1\.1 200 [^]*good/);
    assert.match(answer, /^x-nanos-error: bad_request/m);
    assert.equal(responsesIn(answer), 2);
  });

  it('answers a request with Connection: close although more follows it', async () => {
    const { port } = await serve((request, sink) => void setTimeout(() => ok(sink, request.url), 10));
    const answer = await send(port, 'GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match(answer, /^HTTP\/1\.1 200 [^]*a\/1/);
    assert.doesNotMatch(answer, /a\/2/);
  });

  for (const [name, fields, size] of [['too many header fields', HOST_LIMITS.headersMax, 1], ['100,000 header fields', 100_000, 1], ['too long a header', 1, HOST_LIMITS.headerBytesMax]] as const) {
    it(`refuses ${name} with 431`, async () => {
      const { port, refused } = await serve(never);
      const answer = await send(port, `GET / HTTP/1.1\r\nHost: a\r\n${`X: ${'v'.repeat(size)}\r\n`.repeat(fields)}\r\n`);
      assert.equal(statusOf(answer), 431);
      assert.equal(errorOf(answer), 'headers_too_large');
      assert.deepEqual(refused, ['headers_too_large']);
    });
  }

  it('takes as many header fields as allowed', async () => {
    const { port } = await serve(echo);
    const answer = await send(port, `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${'X: v\r\n'.repeat(HOST_LIMITS.headersMax - 2)}\r\n`);
    assert.equal(statusOf(answer), 200);
    assert.equal(echoedIn(answer).headers.length, 2 * (HOST_LIMITS.headersMax - 1));
  });

  it('says 404 where no app is, in JSON or HTML', async () => {
    const { port, refused } = await serve(never);
    const json = await send(port, 'GET / HTTP/1.1\r\nHost: nobody.test\r\nConnection: close\r\n\r\n');
    assert.equal(statusOf(json), 404);
    assert.equal(errorOf(json), 'app_not_found');
    const html = await send(port, 'GET / HTTP/1.1\r\nHost: nobody.test\r\nAccept: text/html\r\nConnection: close\r\n\r\n');
    assert.match(html, /^content-type: text\/html/m);
    assert.match(bodyOf(html), /nobody\.test/);
    assert.deepEqual(refused, ['app_not_found', 'app_not_found']);
  });

  it('gives a slow head 408, and so a connection on which nothing comes', async () => {
    const { port } = await serve(never, { headersMsMax: 60, timeoutCheckMs: 20 });
    for (const begin of ['GET / HTTP/1.1\r\nHost: a\r\n', '']) {
      const answer = await send(port, begin);
      assert.equal(statusOf(answer), 408);
      assert.equal(errorOf(answer), 'request_timeout');
    }
  });

  it('closes a kept connection that stays idle', async () => {
    const { port } = await serve((_request, sink) => ok(sink), { keepAliveMsMax: 50 });
    assert.match(await send(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'), /ok$/);
  });
});

describe('apps listener: large and slow bodies', () => {
  it('refuses a Content-Length of 10 GB at once', async () => {
    const { port } = await serve(never);
    const answer = await send(port, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${10 * 1024 ** 3}\r\n\r\n`);
    assert.equal(statusOf(answer), 413);
    assert.equal(errorOf(answer), 'body_too_large');
    assert.match(answer, /^connection: close\r$/m);
  });

  it('gets the 413 across to a client that keeps sending', async () => {
    const { port } = await serve(never, { bodyBytesMax: 1_000 });
    const socket = open(port);
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${64 * MIB}\r\n\r\n`);
    const timer = setInterval(() => socket.write(Buffer.alloc(100_000)), 1);
    const answer = await untilClosed(socket);
    clearInterval(timer);
    assert.equal(statusOf(answer), 413);
  });

  it('takes a body of exactly the limit', async () => {
    const { port } = await serve(echo, { bodyBytesMax: 3 });
    assert.match(await send(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc'), /"body":"abc"/);
    assert.match(await send(port, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n'), /"body":"abc"/);
    assert.equal(statusOf(await send(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nabcd')), 413);
    assert.equal(statusOf(await send(port, 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nabcd\r\n0\r\n\r\n')), 413);
  });

  it('refuses chunks past the limit while the app reads', async () => {
    let rejected: unknown;
    const { port } = await serve(async (request, sink) => {
      await readAll(request.body as RequestBodyStream).catch((error: unknown) => void (rejected = error));
      ok(sink, 'too late');
    }, { bodyBytesMax: 100_000 });
    const socket = open(port);
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    const timer = setInterval(() => socket.write(`c350\r\n${'x'.repeat(50_000)}\r\n`), 5);
    const answer = await untilClosed(socket);
    clearInterval(timer);
    assert.equal(statusOf(answer), 413);
    assert.equal(responsesIn(answer), 1);
    assert.ok(rejected instanceof NanosError && rejected.code === 'body_too_large');
  });

  it('gives a body that stops coming 408', async () => {
    let rejected: unknown;
    const { port } = await serve(async (request) => {
      await readAll(request.body as RequestBodyStream).catch((error: unknown) => void (rejected = error));
    }, { bodyIdleMsMax: 50 });
    const answer = await send(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
    assert.equal(statusOf(answer), 408);
    assert.ok(rejected instanceof NanosError && rejected.code === 'request_timeout');
  });

  it('does not blame the client while the app takes its time', async () => {
    const { port } = await serve((_request, sink) => void setTimeout(() => ok(sink, 'slow'), 200), { bodyIdleMsMax: 30, keepAliveMsMax: 30 });
    assert.match(await send(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc'), /slow$/);
  });

  it('keeps the connection when little of a body was left unread, and closes it when much', async () => {
    const { port } = await serve((_request, sink) => ok(sink, 'unread'));
    const socket = open(port);
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n');
    await until(socket, /unread/);
    socket.write(`${'x'.repeat(1_000)}GET / HTTP/1.1\r\nHost: a\r\n\r\n`);
    await until(socket, /unread/);
    assert.match(await send(port, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${MIB}\r\n\r\n`), /^connection: close\r$/m);
  });

  it('tells the app when the client goes away inside the body', async () => {
    let rejected: unknown;
    const seen = new Promise<void>((resolve) => {
      void serve(async (request, sink) => {
        sink.onClientGone(resolve);
        await readAll(request.body as RequestBodyStream).catch((error: unknown) => void (rejected = error));
        ok(sink, 'ignored');
        assert.equal(sink.write('ignored'), true);
        sink.end();
        sink.fail(new NanosError('internal', 'ignored'));
        assert.equal(sink.gone, true);
      }).then(({ port }) => {
        const socket = open(port);
        socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
        setTimeout(() => socket.destroy(), 30);
      });
    });
    await seen;
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(rejected instanceof NanosError);
  });
});

describe('apps listener: Expect: 100-continue', () => {
  const expecting = (length: number): string => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`;

  it('sends 100 at once for a small body', async () => {
    const { port } = await serve(echo);
    const socket = open(port);
    socket.write(expecting(3));
    assert.match(await until(socket, /\r\n\r\n/), /^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    socket.write('abc');
    assert.match(await untilClosed(socket), /"body":"abc"/);
  });

  it('sends 100 for a large body when the app reads it, and not before', async () => {
    let stream: RequestBodyStream | undefined;
    const { port } = await serve((request, sink) => {
      stream = request.body as RequestBodyStream;
      setTimeout(() => void readAll(request.body as RequestBodyStream).then((body) => ok(sink, `${body.byteLength}`)), 50);
    });
    const socket = open(port);
    socket.write(expecting(100_000));
    let early = '';
    const onData = (chunk: Buffer): void => void (early += chunk.toString());
    socket.on('data', onData);
    while (stream === undefined) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(early, '');
    socket.off('data', onData);
    await until(socket, /100 Continue/);
    socket.write(Buffer.alloc(100_000));
    assert.match(await untilClosed(socket), /100000$/);
  });

  it('sends no 100 when the app answers without reading, or the body is too large', async () => {
    const { port } = await serve((_request, sink) => ok(sink, 'no need'), { bodyBytesMax: MIB });
    const answer = await send(port, expecting(100_000));
    assert.equal(statusOf(answer), 200);
    assert.match(answer, /^connection: close\r$/m);
    assert.equal(statusOf(await send(port, expecting(2 * MIB))), 413);
  });
});

describe('apps listener: responses', () => {
  const answerWith = async (handle: (sink: ResponseSink) => void, raw = GET, change: Parameters<typeof serve>[1] = {}): Promise<string> =>
    send((await serve((_request, sink) => handle(sink), change)).port, raw);

  it('sends text and bytes with their length, Latin-1 values as they are and cookies apart', async () => {
    const text = await answerWith((sink) => sink.respond({ status: 201, statusText: 'Made', headers: ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'x-latin', '\xe9\xff', 'Content-Length', '999'] }, 'grün'));
    assert.match(text, /^HTTP\/1\.1 201 Made\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nx-latin: \xe9\xff\r\ncontent-length: 5\r\n/);
    assert.equal(bodyOf(text), Buffer.from('grün').toString('latin1'));
    assert.match(text, /^Date: /m);
    assert.doesNotMatch(text, /^server:/im);
    const bytes = await answerWith((sink) => ok(sink, Uint8Array.of(0, 255, 13, 10)));
    assert.equal(bodyOf(bytes), '\0\xff\r\n');
    assert.match(await answerWith((sink) => ok(sink, null)), /^content-length: 0\r$/m);
  });

  for (const status of [204, 205, 304]) {
    it(`sends no body with ${status}, whatever the app says`, async () => {
      for (const stream of [false, true]) {
        const answer = await answerWith((sink) => {
          const head = { status, statusText: '', headers: ['content-length', '3', 'transfer-encoding', 'chunked'] };
          if (!stream) return sink.respond(head, 'abc');
          sink.start(head);
          assert.equal(sink.write('abc'), true);
          sink.end();
        });
        assert.equal(statusOf(answer), status);
        assert.equal(bodyOf(answer), '');
        assert.doesNotMatch(answer, /^transfer-encoding/im);
        assert.equal(/^content-length: (\d+)/im.exec(answer)?.[1], status === 205 ? '0' : undefined);
      }
    });
  }

  it('answers HEAD with the length and without the body', async () => {
    const HEAD = GET.replace('GET', 'HEAD');
    for (const [handle, length] of [
      [(sink: ResponseSink) => ok(sink, 'four'), '4'],
      [(sink: ResponseSink) => ok(sink, null, ['content-length', '7']), '7'],
      [(sink: ResponseSink) => {
        sink.start({ status: 200, statusText: '', headers: ['content-length', '9'] });
        void sink.write('ignored');
        sink.end();
      }, '9'],
      [(sink: ResponseSink) => sink.fail(new NanosError('app_threw', 'x')), /./],
    ] as const) {
      const answer = await answerWith(handle, HEAD);
      assert.equal(bodyOf(answer), '');
      assert.match(/^content-length: (\d+)/im.exec(answer)?.[1] ?? '', length instanceof RegExp ? length : new RegExp(`^${length}$`));
    }
  });

  it('streams in chunks, or to the end of the connection in HTTP/1.0', async () => {
    const stream = (sink: ResponseSink): void => {
      sink.start({ status: 200, statusText: '', headers: ['Transfer-Encoding', 'gzip'] });
      void sink.write('ab');
      void sink.write(Uint8Array.of(99));
      void sink.write('');
      sink.end();
    };
    const chunked = await answerWith(stream);
    assert.deepEqual(chunked.match(/^transfer-encoding: .*$/gim), ['Transfer-Encoding: chunked']);
    assert.equal(bodyOf(chunked), '2\r\nab\r\n1\r\nc\r\n0\r\n\r\n');
    const old = await answerWith(stream, 'GET / HTTP/1.0\r\nHost: a\r\n\r\n');
    assert.equal(bodyOf(old), 'abc');
    assert.doesNotMatch(old, /transfer-encoding/i);
  });

  it("keeps to the app's Content-Length, and cuts the connection when the body is shorter or longer", async () => {
    const streaming = (body: string, length: string) => (sink: ResponseSink): void => {
      sink.start({ status: 200, statusText: '', headers: ['content-length', length] });
      void sink.write(body);
      sink.end();
    };
    const right = await answerWith(streaming('abc', '3'));
    assert.match(right, /^content-length: 3\r$/m);
    assert.equal(bodyOf(right), 'abc');
    for (const length of ['2', '4']) {
      const wrong = await answerWith(streaming('abc', length), 'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.ok(bodyOf(wrong).length <= 3 && responsesIn(wrong) <= 1);
      assert.ok(!wrong.includes('abc') || length === '4');
    }
    assert.match(await answerWith(streaming('abc', 'x')), /^transfer-encoding: chunked\r$/im);
  });

  for (const [name, head] of [
    ['a status of 101', { status: 101, statusText: '', headers: [] }],
    ['a status of 999', { status: 999, statusText: '', headers: [] }],
    ['a line break in a value', { status: 200, statusText: '', headers: ['x', 'a\r\nset-cookie: evil=1'] }],
    ['a line break in a name', { status: 200, statusText: '', headers: ['x\r\ny', 'a'] }],
    ['a line break in the status text', { status: 200, statusText: 'OK\r\nx: y', headers: [] }],
  ] as const) {
    it(`turns ${name} into 500 app_threw`, async () => {
      for (const begin of ['respond', 'start'] as const) {
        const answer = await answerWith((sink) => sink[begin]({ ...head, headers: [...head.headers] }, null));
        assert.equal(statusOf(answer), 500);
        assert.equal(errorOf(answer), 'app_threw');
        assert.doesNotMatch(answer, /evil/);
        assert.equal(responsesIn(answer), 1);
      }
    });
  }

  it('fails with the page of the code before the head, and shows stacks in development only', async () => {
    const fail = (sink: ResponseSink): void => sink.fail(new NanosError('app_threw', 'secret', { retryAfterS: 2 }), 'Error: secret\n    at index.ts:1:2');
    const hidden = await answerWith(fail);
    assert.equal(statusOf(hidden), 500);
    assert.doesNotMatch(hidden, /secret|index\.ts/);
    assert.match(hidden, /^retry-after: 2\r$/m);
    assert.match(await answerWith(fail, GET, { dev: true }), /secret[^]*index\.ts:1:2/);
  });

  it('cuts the connection after the head', async () => {
    const answer = await answerWith((sink) => {
      sink.start({ status: 200, statusText: '', headers: [] });
      void sink.write('part');
      setTimeout(() => sink.fail(new NanosError('app_threw', 'x')), 20);
    });
    assert.match(bodyOf(answer), /^4\r\npart\r\n$/);
  });

  it('answers once', async () => {
    const answer = await answerWith((sink) => {
      ok(sink, 'one');
      ok(sink, 'two');
      sink.fail(new NanosError('internal', 'three'));
      sink.start({ status: 200, statusText: '', headers: [] });
      void sink.write('four');
      sink.end();
    });
    assert.equal(responsesIn(answer), 1);
    assert.equal(bodyOf(answer), 'one');
  });

  it('answers 500 internal when the handler throws', async () => {
    const answer = await answerWith(() => {
      throw new Error('bug');
    });
    assert.equal(errorOf(answer), 'internal');
  });

  it('says Connection: close while draining, and still answers on kept connections', async () => {
    let draining = false;
    const { port } = await serve((_request, sink) => ok(sink, 'served'), { isDraining: () => draining });
    const socket = open(port);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.doesNotMatch(await until(socket, /served/), /connection: close/i);
    draining = true;
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match(await untilClosed(socket), /^connection: close\r$[^]*served$/m);
  });
});

describe('apps listener: clients that do not read', () => {
  async function flood(sink: ResponseSink, onStall: () => void): Promise<number> {
    let written = 0;
    const chunk = Buffer.alloc(256 * 1024);
    while (!sink.gone && written < 256 * MIB) {
      const more = sink.write(chunk);
      written += chunk.byteLength;
      if (more !== true) {
        onStall();
        await more;
      }
    }
    return written;
  }

  it('makes the app wait for a client that reads slowly, and gets everything across', async () => {
    let stalls = 0;
    const { port } = await serve(async (_request, sink) => {
      sink.start({ status: 200, statusText: '', headers: ['content-length', `${256 * MIB}`] });
      await flood(sink, () => void stalls++);
      sink.end();
    });
    const received = await new Promise<number>((resolve, reject) => {
      httpRequest({ port, host: '127.0.0.1' }, (response) => {
        let bytes = 0;
        response.on('data', (chunk: Buffer) => void (bytes += chunk.byteLength));
        response.on('end', () => resolve(bytes));
        response.on('error', reject);
      }).end();
    });
    assert.equal(received, 256 * MIB);
    assert.ok(stalls > 0);
  });

  it('cuts a client off that takes nothing', async () => {
    const outcome = new Promise<unknown>((resolve) => {
      void serve((_request, sink) => {
        sink.start({ status: 200, statusText: '', headers: [] });
        flood(sink, () => {}).then(resolve, resolve);
      }, { bodyIdleMsMax: 100 }).then(({ port }) => {
        const socket = open(port);
        socket.pause();
        socket.write(GET);
      });
    });
    assert.ok((await outcome) instanceof NanosError);
  });

  it('lets an app write without waiting', async () => {
    const gone = new Promise<void>((resolve) => {
      void serve((_request, sink) => {
        sink.onClientGone(resolve);
        sink.start({ status: 200, statusText: '', headers: [] });
        for (let i = 0; i < 64; i++) void sink.write(Buffer.alloc(MIB));
      }, { bodyIdleMsMax: 50 }).then(({ port }) => {
        const socket = open(port);
        socket.pause();
        socket.write(GET);
      });
    });
    await gone;
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('cuts a client off that does not take a complete answer', async () => {
    const { port, server } = await serve((_request, sink) => ok(sink, Buffer.alloc(64 * MIB)), { bodyIdleMsMax: 100 });
    const socket = open(port);
    socket.pause();
    for (const pipelined of ['', GET]) socket.write(`GET / HTTP/1.1\r\nHost: a\r\n\r\n${pipelined}`);
    const [connection] = (await once(server, 'connection')) as [Socket];
    await once(connection, 'close');
    assert.equal(connection.destroyed, true);
  });

  it('tells the app about a client that left, also when its answer waited for an earlier one', async () => {
    const gone: string[] = [];
    const all = new Promise<void>((resolve) => {
      void serve((request, sink) => {
        sink.onClientGone(() => {
          gone.push(request.url);
          assert.equal(sink.gone, true);
          ok(sink, 'ignored');
          if (gone.length === 2) resolve();
        });
      }).then(({ port }) => {
        const socket = open(port);
        socket.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
        setTimeout(() => socket.destroy(), 30);
      });
    });
    await all;
    assert.deepEqual(gone.toSorted(), ['http://a/1', 'http://a/2']);
  });
});
