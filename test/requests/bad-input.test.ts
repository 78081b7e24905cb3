/** Input that nobody means to send: through the web API of an app, over HTTP. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { after, test } from 'node:test';
import { serveHttp } from '../support/serve-http.ts';
import { startNanos, temporaryFolder, writeFiles } from '../support/start-nanos.ts';

const APP = `
const marker = { name: 'marker' };
const trap = () => new Proxy({}, { get() { throw marker; }, has() { throw marker; } });
const stream = () => new ReadableStream();

/** Each takes an options bag. */
const BAGS = {
  Request: () => new Request('https://a.example/', trap()),
  Response: () => new Response('', trap()),
  'Response.json': () => Response.json(1, trap()),
  fetch: () => fetch('https://a.example/', trap()),
  Headers: () => new Headers(trap()),
  URLSearchParams: () => new URLSearchParams(trap()),
  URLPattern: () => new URLPattern(trap()),
  TextDecoder: () => new TextDecoder('utf-8', trap()),
  'TextDecoder.decode': () => new TextDecoder().decode(new Uint8Array(1), trap()),
  TextDecoderStream: () => new TextDecoderStream('utf-8', trap()),
  Blob: () => new Blob([], trap()),
  'parts of a Blob': () => new Blob(trap()),
  File: () => new File([], 'a', trap()),
  Event: () => new Event('a', trap()),
  CustomEvent: () => new CustomEvent('a', trap()),
  MessageEvent: () => new MessageEvent('a', trap()),
  addEventListener: () => new EventTarget().addEventListener('a', () => 1, trap()),
  removeEventListener: () => new EventTarget().removeEventListener('a', () => 1, trap()),
  structuredClone: () => structuredClone({}, trap()),
  'structuredClone of it': () => structuredClone({ get a() { throw marker; } }),
  'AbortSignal.any': () => AbortSignal.any(trap()),
  ReadableStream: () => new ReadableStream(trap()),
  'strategy of a ReadableStream': () => new ReadableStream({}, trap()),
  WritableStream: () => new WritableStream(trap()),
  TransformStream: () => new TransformStream(trap()),
  CountQueuingStrategy: () => new CountQueuingStrategy(trap()),
  ByteLengthQueuingStrategy: () => new ByteLengthQueuingStrategy(trap()),
  getReader: () => stream().getReader(trap()),
  pipeTo: () => stream().pipeTo(new WritableStream(), trap()),
  'crypto.subtle.digest': () => crypto.subtle.digest(trap(), new Uint8Array(1)),
  'crypto.subtle.importKey': () => crypto.subtle.importKey('raw', new Uint8Array(16), trap(), false, ['sign']),
  'crypto.subtle.generateKey': () => crypto.subtle.generateKey(trap(), false, ['sign']),
  'caches.open().match': async () => (await caches.open('a')).match('https://a.example/', trap()),
  postMessage: () => new MessageChannel().port1.postMessage({}, trap()),
};

const refuses = async (make) => {
  try {
    await make();
    return 'taken';
  } catch (error) {
    return error === marker ? 'marker' : error?.name ?? String(error);
  }
};

const PATHS = {
  async bags() {
    const told = {};
    for (const [name, make] of Object.entries(BAGS)) told[name] = await refuses(make);
    return told;
  },

  async statuses() {
    const taken = [];
    for (let status = -1; status <= 1000; status++) if ((await refuses(() => new Response(null, { status }))) === 'taken') taken.push(status);
    const withoutBody = [];
    for (const status of taken) if ((await refuses(() => new Response('body', { status }))) !== 'taken') withoutBody.push(status);
    return { first: taken[0], last: taken.at(-1), count: taken.length, withoutBody, odd: await Promise.all([NaN, 200.9, '204', null, 65736].map((status) => refuses(() => new Response(null, { status })))) };
  },

  async urls() {
    const long = 'x'.repeat(1 << 20);
    const url = new URL('http://a.example/' + long + '?' + long + '#' + long);
    url.searchParams.append(long, long);
    return [url.pathname.length, url.search.length, url.hash.length, await refuses(() => new URL('http://' + long + '/')), new URL('/\\ud800', url).pathname, await refuses(() => fetch(url))];
  },

  async clones() {
    const cycle = { list: [] };
    cycle.list.push(cycle, new Map([[cycle, cycle]]));
    const clone = structuredClone(cycle);
    const sparse = [];
    sparse[2 ** 32 - 2] = 1;
    const copy = structuredClone(sparse);
    const large = structuredClone(new Uint8Array(8 << 20));
    return [clone.list[0] === clone, clone.list[1].get(clone) === clone, copy.length, Object.keys(copy).length, large.length, await refuses(() => structuredClone(() => 1))];
  },

  async bodies() {
    const twice = new Response('a');
    await twice.text();
    const locked = new Response(new ReadableStream());
    locked.body.getReader();
    const disturbed = new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1)) }));
    await disturbed.body.getReader().read();
    const text = new Response(new ReadableStream({ start: (controller) => controller.enqueue('text') }));
    const failing = new Response(new ReadableStream({ pull: () => { throw marker; } }));
    return [await refuses(() => twice.text()), await refuses(() => locked.text()), await refuses(() => locked.clone()), await refuses(() => new Response(disturbed.body)), await refuses(() => text.text()), await refuses(() => failing.arrayBuffer())];
  },

  async text(request) {
    return [await request.text(), request.headers.get('x-latin'), new URL(request.url).search, await refuses(() => new Headers({ a: '\\ud800' })), new TextEncoder().encode('\\ud800').join()];
  },

  async form(request) {
    try {
      return [...(await request.formData())].map(([name, value]) => [name, typeof value === 'string' ? value : [value.name, value.type, value.size]]);
    } catch (error) {
      return error.name;
    }
  },
};

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === '/through') return fetch(env.UPSTREAM);
    if (pathname === '/half') return new Response((await fetch(env.UPSTREAM + 'half')).body);
    return Response.json(await PATHS[pathname.slice(1)](request));
  },
};
`;

const GIGABYTE = 1024 ** 3;
const chunk = Buffer.alloc(256 * 1024, 'x');
const upstream = await serveHttp({ after }, (request, response) => {
  if (request.url === '/half') {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('half');
    setTimeout(() => response.destroy(), 50);
    return;
  }
  response.writeHead(200, { 'content-length': GIGABYTE });
  let left = GIGABYTE;
  const send = (): void => {
    while (left > 0) {
      left -= chunk.length;
      if (!response.write(chunk)) return void response.once('drain', send);
    }
    response.end();
  };
  send();
});
const host = await startNanos({ after }, { files: { 'odd/index.js': APP, 'odd/.dev.vars': `UPSTREAM=${upstream}/\n` }, args: ['--config', await configFile()] });

async function configFile(): Promise<string> {
  const folder = await temporaryFolder({ after });
  await writeFiles(folder, { 'nanos.yaml': 'limits: { cpu_ms: 60000, wall_ms: 300000 }\negress: { private: [loopback] }\n' });
  return `${folder}/nanos.yaml`;
}

async function answer(path: string, options = {}): Promise<unknown> {
  const { status, text } = await host.request('odd', path, options);
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

test('what throws while an options bag is read comes out of the call', async () => {
  const told = (await answer('/bags')) as Record<string, string>;
  assert.deepEqual(Object.entries(told).filter(([, how]) => how !== 'marker'), []);
});

test('a Response takes the statuses of the standard, and no other', async () => {
  assert.deepEqual(await answer('/statuses'), { first: 200, last: 599, count: 400, withoutBody: [204, 205, 304], odd: ['RangeError', 'taken', 'taken', 'RangeError', 'taken'] });
});

test('URLs of 1 MB are parsed', async () => {
  const [path, search, hash, host_, surrogate, fetched] = (await answer('/urls')) as unknown[];
  const long = 1 << 20;
  assert.deepEqual([path, search, hash, host_, surrogate], [long + 1, 3 * long + 4, long + 1, 'taken', '/%EF%BF%BD']);
  assert.match(String(fetched), /Error$/);
});

test('cycles, sparse and huge arrays are cloned', async () => {
  assert.deepEqual(await answer('/clones'), [true, true, 2 ** 32 - 1, 1, 8 << 20, 'DataCloneError']);
});

test('bodies are read once, and unlocked', async () => {
  assert.deepEqual(await answer('/bodies'), ['TypeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError', 'marker']);
});

test('invalid UTF-8 and lone surrogates become U+FFFD, or are refused', async () => {
  const body = Buffer.from([0x61, 0xff, 0xed, 0xa0, 0x80, 0xf4, 0x90, 0x80, 0x80, 0x62]);
  const told = await answer('/text?%ff&%', { method: 'POST', body, headers: { 'x-latin': '\xff' } });
  assert.deepEqual(told, ['a\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdb', '\xff', '?%ff&%', 'TypeError', '239,191,189']);
});

const part = (head: string, content = 'x'): string => `--b\r\n${head}\r\n\r\n${content}\r\n--b--\r\n`;
for (const [name, type, body, told] of [
  ['a file name with quotes, slashes and line ends', 'multipart/form-data; boundary=b', part('Content-Disposition: form-data; name="a"; filename="../%22%0D%0A.txt"'), [['a', ['../"\r\n.txt', 'text/plain', 1]]]],
  ['a boundary that is part of the content', 'multipart/form-data; boundary=b', part('Content-Disposition: form-data; name="a"', '--bb\r\n-b'), [['a', '--bb\r\n-b']]],
  ['no boundary', 'multipart/form-data', part('Content-Disposition: form-data; name="a"'), 'TypeError'],
  ['an empty boundary', 'multipart/form-data; boundary=""', part('Content-Disposition: form-data; name="a"'), 'TypeError'],
  ['a name that is a prototype', 'multipart/form-data; boundary=b', part('Content-Disposition: form-data; name="__proto__"'), [['__proto__', 'x']]],
  ['a part without a name', 'multipart/form-data; boundary=b', part('Content-Disposition: form-data'), 'TypeError'],
  ['an end that is missing', 'multipart/form-data; boundary=b', part('Content-Disposition: form-data; name="a"').slice(0, -6), 'TypeError'],
] as const) {
  test(`a form with ${name}`, async () => assert.deepEqual(await answer('/form', { method: 'POST', body, headers: { 'content-type': type } }), told));
}

test('an upstream that breaks off half-way breaks off the response', async () => {
  await assert.rejects(host.request('odd', '/half'));
  assert.deepEqual(await answer('/clones'), [true, true, 2 ** 32 - 1, 1, 8 << 20, 'DataCloneError']);
});

test('1 GB flows through while the cell stays small', async () => {
  const [cell] = host.pids('cell');
  const peakKb = (): number => Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${cell}/status`, 'utf8'))?.[1]);
  const beforeKb = peakKb();
  const request = get({ hostname: '127.0.0.1', port: host.appsPort, path: '/through', headers: { host: 'odd.localhost' }, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) bytes += piece.length;
  assert.equal(bytes, GIGABYTE);
  const grownMb = (peakKb() - beforeKb) / 1024;
  assert.ok(grownMb < 200, `the cell grew by ${grownMb} MB`);
});
