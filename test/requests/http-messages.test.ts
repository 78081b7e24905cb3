/** HTTP as it stands on the wire, between real clients and an app's code. */
import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';
import { after, describe, test } from 'node:test';
import { parseRaw, rawExchange, rawHeader, readUntil, type RawResponse } from '../support/raw-exchange.ts';
import { startNanos } from '../support/start-nanos.ts';

const APP = `
const seen = [];
export default {
  async fetch(request) {
    const url = new URL(request.url);
    if (url.pathname.startsWith('/seen')) { seen.push(url.pathname); return new Response(url.pathname); }
    switch (url.pathname) {
      case '/calls': return Response.json(seen);
      case '/status': return new Response(url.searchParams.has('body') ? 'body' : null, { status: Number(url.searchParams.get('code')), statusText: url.searchParams.get('text') ?? '' });
      case '/streamed': return new Response(new ReadableStream({ start(controller) { controller.enqueue(new TextEncoder().encode('streamed')); controller.close(); } }), { headers: url.searchParams.has('length') ? { 'content-length': url.searchParams.get('length') } : {} });
      case '/cookies': {
        const headers = new Headers({ 'x-one': '1' });
        headers.append('Set-Cookie', 'a=1; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT');
        headers.append('set-cookie', 'b=2');
        headers.append('x-two', 'a'); headers.append('x-two', 'b');
        return new Response(headers.getSetCookie().length, { headers });
      }
      case '/hop-by-hop': return new Response('x', { headers: { connection: 'x-private', 'keep-alive': 'timeout=9', 'transfer-encoding': 'gzip', upgrade: 'h2c', trailer: 'x', 'x-private': 'p', 'content-length': '999', date: 'yesterday' } });
      case '/latin-1': return new Response('x', { headers: { 'x-latin': '\\xe9\\xff' }, statusText: 'OK' });
      case '/slow': await new Promise((resolve) => setTimeout(resolve, 100)); return new Response('slow');
      case '/redirect': return Response.redirect('http://other.example/?a=1', 303);
      case '/wait': return new Response(await request.text());
      case '/client-headers': return Response.json([...request.headers]);
      default: return Response.json({ method: request.method, url: request.url, headers: [...request.headers], body: request.body === null ? null : await request.text() });
    }
  },
};`;

const nanos = await startNanos({ after }, { files: { 'web/index.js': APP } });
const HOST = 'Host: web.localhost\r\n';

const exchange = async (raw: string): Promise<RawResponse> => parseRaw(await rawExchange(nanos.connect(), raw));
const get = (path: string, more = ''): Promise<RawResponse> => exchange(`GET ${path} HTTP/1.1\r\n${HOST}${more}Connection: close\r\n\r\n`);

interface Echo {
  method: string;
  url: string;
  headers: [string, string][];
  body: string | null;
}
const echoOf = ({ body, head }: RawResponse): Echo => {
  assert.match(head, /^HTTP\/1\.1 200 /);
  return JSON.parse(Buffer.from(body, 'latin1').toString('utf8')) as Echo;
};

describe('what the app sees', () => {
  test('method, path and query as sent', async () => {
    for (const target of ['/a%2Fb/%zz?q=%E2%82%AC&q=%', '/a//b', '/?', '/%00%20', "/'(a)!*~"]) {
      assert.equal(echoOf(await get(target)).url, `http://web.localhost${target}`);
    }
    assert.equal(echoOf(await get('/a/../b/./c')).url, 'http://web.localhost/b/c');
  });

  for (const method of ['GET', 'DELETE', 'OPTIONS', 'PATCH', 'PUT', 'POST', 'PROPFIND', 'QUERY']) {
    test(`method ${method}`, async () => {
      assert.equal(echoOf(await exchange(`${method} /m HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)).method, method);
    });
  }

  test('the port and the case of the host', async () => {
    const { url, headers } = echoOf(await exchange(`GET /p HTTP/1.1\r\nHost: WEB.localhost:${nanos.appsPort}\r\nConnection: close\r\n\r\n`));
    assert.equal(url, `http://web.localhost:${nanos.appsPort}/p`);
    assert.deepEqual(headers.find(([name]) => name === 'host'), ['host', `WEB.localhost:${nanos.appsPort}`]);
  });

  test('an absolute target: its authority counts, not Host', async () => {
    assert.equal(echoOf(await exchange('GET http://web.localhost/abs?x=1 HTTP/1.1\r\nHost: nobody.localhost\r\nConnection: close\r\n\r\n')).url, 'http://web.localhost/abs?x=1');
    const { status, head } = await exchange(`GET http://nobody.localhost/ HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
    assert.deepEqual([status, rawHeader(head, 'x-nanos-error')], [404, 'app_not_found']);
  });

  test('OPTIONS *', async () => {
    assert.deepEqual([echoOf(await exchange(`OPTIONS * HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`))].map(({ method, url }) => [method, url]), [['OPTIONS', 'http://web.localhost/']]);
  });

  test('headers: duplicates joined, Latin-1 kept, hop-by-hop ones gone', async () => {
    const { headers } = echoOf(await get('/h', 'X-A: 1\r\nx-a:  2 \r\nX-Latin: \xe9\xff\r\nX-Empty:\r\nCookie: a=1\r\ncookie: b=2\r\nTE: trailers\r\nKeep-Alive: 5\r\nX-Named: hidden\r\nConnection: X-Named\r\nProxy-Connection: x\r\n'));
    const seen = new Map(headers);
    assert.equal(seen.get('x-a'), '1, 2');
    assert.equal(seen.get('x-latin'), '\xe9\xff');
    assert.equal(seen.get('x-empty'), '');
    assert.match(seen.get('cookie') ?? '', /^a=1[,;] b=2$/);
    for (const hidden of ['te', 'keep-alive', 'connection', 'proxy-connection', 'x-named', 'transfer-encoding']) assert.ok(!seen.has(hidden), hidden);
  });

  test('HTTP/1.0', async () => {
    const { body, head } = await exchange(`GET /old HTTP/1.0\r\n${HOST}\r\n`);
    assert.match(head, /^HTTP\/1\.1 200 /);
    assert.match(body, /"url":"http:\/\/web\.localhost\/old"/);
    const streamed = await exchange(`GET /streamed HTTP/1.0\r\n${HOST}\r\n`);
    assert.equal(streamed.body, 'streamed');
    assert.equal(rawHeader(streamed.head, 'transfer-encoding'), undefined);
  });
});

describe('what the client gets', () => {
  for (const code of [204, 205, 304]) {
    test(`${code} has no body`, async () => {
      const { status, head, body } = await get(`/status?code=${code}`);
      assert.deepEqual([status, body, rawHeader(head, 'transfer-encoding')], [code, '', undefined]);
      assert.equal(rawHeader(head, 'content-length'), code === 205 ? '0' : undefined);
    });
  }

  test('other statuses and status texts', async () => {
    assert.match((await get('/status?code=299&text=Fine%20enough&body')).head, /^HTTP\/1\.1 299 Fine enough\r\n/);
    assert.match((await get('/status?code=418&body')).head, /^HTTP\/1\.1 418 /);
    assert.match((await get('/status?code=599')).head, /^HTTP\/1\.1 599 /);
  });

  test('HEAD: the headers of GET and no body, also of a stream', async () => {
    for (const [path, length] of [['/seen/head', '10'], ['/streamed?length=8', '8'], ['/streamed', undefined], ['/status?code=200', undefined]] as const) {
      const { status, head, body } = await exchange(`HEAD ${path} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
      assert.deepEqual([status, body], [200, ''], path);
      if (length !== undefined) assert.equal(rawHeader(head, 'content-length'), length);
    }
  });

  test('a stream with a true Content-Length keeps it; a wrong one is not sent as a complete answer', async () => {
    const { head, body } = await get('/streamed?length=8');
    assert.deepEqual([rawHeader(head, 'content-length'), rawHeader(head, 'transfer-encoding'), body], ['8', undefined, 'streamed']);
    assert.equal(parseRaw(await rawExchange(nanos.connect(), `GET /streamed?length=9 HTTP/1.1\r\n${HOST}\r\n`)).body.length < 9, true);
    assert.doesNotMatch((await get('/streamed?length=7')).body, /streamed/);
  });

  test('several Set-Cookie stay apart, other headers are joined', async () => {
    const { head, body } = await get('/cookies');
    assert.deepEqual(head.match(/^set-cookie: .*$/gim), ['set-cookie: a=1; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'set-cookie: b=2']);
    assert.equal(rawHeader(head, 'x-two'), 'a, b');
    assert.equal(body, '2');
  });

  test('framing and hop-by-hop headers are the host’s', async () => {
    const { head, body } = await get('/hop-by-hop');
    assert.deepEqual([rawHeader(head, 'content-length'), body], ['1', 'x']);
    for (const name of ['keep-alive', 'transfer-encoding', 'upgrade', 'trailer']) assert.equal(rawHeader(head, name), undefined, name);
    assert.deepEqual(head.toLowerCase().match(/^connection: .*$/gm), ['connection: close']);
    assert.equal(head.match(/^date: /gim)?.length, 1);
  });

  test('Latin-1 header values byte by byte', async () => {
    assert.equal(rawHeader((await get('/latin-1')).head, 'x-latin'), '\xe9\xff');
  });

  test('a redirect goes to the client as it is', async () => {
    const { status, head, body } = await get('/redirect');
    assert.deepEqual([status, rawHeader(head, 'location'), body], [303, 'http://other.example/?a=1', '']);
  });
});

describe('connections', () => {
  test('kept alive over many requests with bodies', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let reused = 0;
    for (let i = 0; i < 20; i++) {
      const text = await new Promise<string>((resolve, reject) => {
        const request = httpRequest({ agent, host: '127.0.0.1', port: nanos.appsPort, method: 'POST', path: '/wait', headers: { host: 'web.localhost' } }, (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk)).on('end', () => resolve(body));
        });
        request.on('error', reject);
        request.end(`body ${i}`);
        request.on('socket', () => (reused += request.reusedSocket ? 1 : 0));
      });
      assert.equal(text, `body ${i}`);
    }
    agent.destroy();
    assert.equal(reused, 19);
  });

  test('pipelined requests are answered in order', async () => {
    const socket = await nanos.connect();
    socket.write(`GET /slow HTTP/1.1\r\n${HOST}\r\nPOST /wait HTTP/1.1\r\n${HOST}Content-Length: 6\r\n\r\nsecondGET /seen/third HTTP/1.1\r\n${HOST}\r\n`);
    const text = await readUntil(socket, /\/seen\/third/);
    assert.deepEqual(text.match(/slow|second|\/seen\/third/g), ['slow', 'second', '/seen/third']);
    socket.destroy();
  });

  test('a chunked request in pieces, with extensions and a trailer', async () => {
    const socket = await nanos.connect();
    for (const piece of [`POST /wait HTTP/1.1\r\n${HOST}Transfer-Enc`, 'oding: chunked\r\nConnection: close\r\n\r\n', '3;name=value\r\nab', 'c\r\n1', '\r\nd\r\n0\r\nX-Trailer: x\r\n', '\r\n']) {
      await new Promise((resolve) => socket.write(piece, resolve));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.match(await readUntil(socket, /abcd$/), /^HTTP\/1\.1 200 /);
    socket.destroy();
  });

  test('Expect: 100-continue', async () => {
    const socket = await nanos.connect();
    socket.write(`POST /wait HTTP/1.1\r\n${HOST}Content-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`);
    assert.equal(await readUntil(socket, /\r\n\r\n/), 'HTTP/1.1 100 Continue\r\n\r\n');
    socket.write('later');
    assert.match(await readUntil(socket, /later$/), /^HTTP\/1\.1 200 /);
    socket.destroy();
  });
});

describe('hostile clients', () => {
  const H = HOST;
  for (const [name, raw, status, code] of [
    ['100,000 headers', `GET /seen/evil HTTP/1.1\r\n${H}${'X: y\r\n'.repeat(100_000)}\r\n`, 431, 'headers_too_large'],
    ['a header of 1 MB', `GET /seen/evil HTTP/1.1\r\n${H}X: ${'y'.repeat(1024 * 1024)}\r\n\r\n`, 431, 'headers_too_large'],
    ['a target of 1 MB', `GET /seen/evil${'y'.repeat(1024 * 1024)} HTTP/1.1\r\n${H}\r\n`, 431, 'headers_too_large'],
    ['Content-Length and Transfer-Encoding', `POST /seen/evil HTTP/1.1\r\n${H}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400, 'bad_request'],
    ['two Content-Lengths', `POST /seen/evil HTTP/1.1\r\n${H}Content-Length: 0\r\nContent-Length: 30\r\n\r\n`, 400, 'bad_request'],
    ['Transfer-Encoding: xchunked', `POST /seen/evil HTTP/1.1\r\n${H}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, 400, 'bad_request'],
    ['a bare line feed in the chunks', `POST /wait HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n1\nZ\r\n0\r\n\r\n`, 400, 'bad_request'],
    ['two hosts', `GET /seen/evil HTTP/1.1\r\n${H}Host: other.localhost\r\n\r\n`, 400, 'bad_request'],
    ['no host', 'GET /seen/evil HTTP/1.1\r\n\r\n', 400, 'bad_request'],
    ['10 GB announced', `POST /seen/evil HTTP/1.1\r\n${H}Content-Length: 10737418240\r\n\r\n`, 413, 'body_too_large'],
    ['TLS on the plain port', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'bad_request'],
  ] as const) {
    test(`${name}: refused, the app sees neither it nor what follows`, async () => {
      const answer = await rawExchange(nanos.connect(), `${raw}GET /seen/smuggled HTTP/1.1\r\n${H}\r\n`);
      const { status: got, head, body } = parseRaw(answer);
      assert.deepEqual([got, rawHeader(head, 'x-nanos-error')], [status, code]);
      assert.equal(rawHeader(head, 'connection')?.toLowerCase(), 'close');
      assert.equal(answer.split('HTTP/1.1 ').length - 1, 1);
      assert.equal((JSON.parse(body) as { error: { code: string } }).error.code, code);
      const calls = (await get('/calls')).body;
      assert.doesNotMatch(calls, /evil|smuggled/);
    });
  }

  test('heads that trickle or stop leave the host free for others', async () => {
    const stalled = await Promise.all(Array.from({ length: 200 }, () => nanos.connect()));
    for (const socket of stalled) socket.write(`GET /seen/evil HTTP/1.1\r\n${H}X: `);
    assert.equal((await get('/seen/fine')).body, '/seen/fine');
    for (const socket of stalled) socket.write('y');
    assert.equal((await get('/seen/fine')).body, '/seen/fine');
    for (const socket of stalled) socket.destroy();
  });

  test('clients that never read leave the app free for others', async () => {
    const deaf = await Promise.all(Array.from({ length: 10 }, () => nanos.connect()));
    for (const socket of deaf) {
      socket.pause();
      socket.write(`GET /client-headers HTTP/1.1\r\n${H}X: ${'y'.repeat(40_000)}\r\n\r\n`.repeat(20));
    }
    assert.equal((await get('/seen/fine')).body, '/seen/fine');
    for (const socket of deaf) socket.destroy();
    assert.equal((await get('/seen/fine')).body, '/seen/fine');
  });

  test('connections cut at every byte of a request', async () => {
    const raw = `POST /wait HTTP/1.1\r\n${H}Content-Length: 10\r\n\r\n0123456789`;
    await Promise.all(
      Array.from({ length: raw.length }, async (_, end) => {
        const socket = await nanos.connect();
        socket.on('error', () => undefined);
        await new Promise((resolve) => socket.write(raw.slice(0, end), resolve));
        socket.destroy();
      }),
    );
    assert.equal((await get('/seen/fine')).body, '/seen/fine');
  });
});
