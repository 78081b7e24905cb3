/** Bodies in both directions: byte-exact, streamed, no faster than the other side takes them, and ended with the client. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { after, describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNanos } from '../support/start-nanos.ts';

const MIB = 1024 * 1024;
const POLL_MS = 50;

const ECHO = `
export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    switch (pathname) {
      case '/stream': return new Response(request.body);
      case '/transform': return new Response(request.body.pipeThrough(new TransformStream()));
      case '/identity': {
        const { readable, writable } = new IdentityTransformStream();
        request.body.pipeTo(writable);
        return new Response(readable);
      }
      case '/upper': {
        const upper = new TransformStream({ transform(chunk, controller) { controller.enqueue(chunk.map((byte) => byte ^ 0x20)); } });
        return new Response(request.body.pipeThrough(upper));
      }
      case '/reader': {
        const reader = request.body.getReader();
        return new Response(new ReadableStream({
          async pull(controller) {
            const { done, value } = await reader.read();
            if (done) controller.close(); else controller.enqueue(value);
          },
        }));
      }
      case '/iterate': {
        const chunks = [];
        for await (const chunk of request.body) chunks.push(chunk);
        return new Response(new Blob(chunks));
      }
      case '/tee': {
        const [left, right] = request.body.tee();
        const [first, second] = await Promise.all([new Response(left).arrayBuffer(), new Response(right).arrayBuffer()]);
        return Response.json([first.byteLength, second.byteLength]);
      }
      case '/clone': return Response.json([(await request.clone().arrayBuffer()).byteLength, (await request.arrayBuffer()).byteLength]);
      case '/buffer': return new Response(await request.arrayBuffer());
      case '/bytes': return new Response(await request.bytes());
      case '/blob': return new Response(await request.blob());
      case '/text': return new Response(await request.text());
      case '/json': return Response.json(await request.json());
      case '/form': return Response.json([...(await request.formData())].map(([name, value]) => [name, typeof value === 'string' ? value : [value.name, value.type, value.size]]));
      case '/digest': return new Response(await crypto.subtle.digest('SHA-256', await request.arrayBuffer()));
      case '/twice': return new Response([await request.text(), await request.text().catch((error) => error.name), request.bodyUsed].join());
      case '/no-body': return new Response(String(request.body === null));
      case '/ignore': return new Response('ignored');
      case '/sized': {
        const { readable, writable } = new FixedLengthStream(Number(searchParams.get('length')));
        const writer = writable.getWriter();
        writer.write(new Uint8Array(Number(searchParams.get('written'))).fill(7)).then(() => writer.close()).catch((error) => console.log('sized failed ' + error.name));
        return new Response(readable);
      }
    }
  },
};`;

/** Counts what it is asked for; the count is told to other requests. */
const SOURCE = `
let pulled = 0, cancelled = '', taken = 0;
const CHUNK = 65_536;
const BIG = new Uint8Array(3 * 1024 * 1024 + 1).map((_, index) => index % 251);
export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    switch (pathname) {
      case '/pulled': return Response.json({ pulled: pulled * CHUNK, taken, cancelled });
      case '/endless': {
        pulled = 0; cancelled = '';
        request.signal.addEventListener('abort', () => console.log('signal ' + request.signal.reason?.name));
        return new Response(new ReadableStream({
          pull(controller) { pulled++; controller.enqueue(new Uint8Array(CHUNK)); },
          cancel(reason) { cancelled = String(reason?.name); console.log('cancel ' + cancelled); },
        }));
      }
      case '/endless-bytes':
        pulled = 0; cancelled = '';
        return new Response(new ReadableStream({
          type: 'bytes',
          pull(controller) { pulled++; controller.enqueue(new Uint8Array(CHUNK)); },
          cancel(reason) { console.log('cancel bytes ' + reason?.name); },
        }));
      case '/endless-pipe': {
        const { readable, writable } = new TransformStream();
        const writer = writable.getWriter();
        (async () => { for (;;) { await writer.ready; await writer.write(new Uint8Array(CHUNK)); pulled++; } })().catch((error) => console.log('pipe ended ' + error?.name));
        pulled = 0;
        return new Response(readable);
      }
      case '/count': {
        const bytes = Number(searchParams.get('bytes'));
        let sent = 0;
        return new Response(new ReadableStream({
          pull(controller) {
            const chunk = new Uint8Array(Math.min(CHUNK, bytes - sent)).fill(sent / CHUNK);
            sent += chunk.length;
            controller.enqueue(chunk);
            if (sent === bytes) controller.close();
          },
        }));
      }
      case '/take-slowly': {
        taken = 0;
        const reader = request.body.getReader();
        const { value } = await reader.read();
        taken += value.length;
        console.log('took one');
        await new Promise(() => {});
        break;
      }
      case '/hang':
        request.signal.addEventListener('abort', () => console.log('hang aborted ' + request.signal.aborted + ' ' + request.signal.reason?.name));
        console.log('hanging');
        await new Promise((resolve) => request.signal.addEventListener('abort', resolve));
        ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 20)).then(() => console.log('work after the client')));
        return new Response('too late');
      case '/upload-cut':
        console.log('upload begun');
        try { await request.arrayBuffer(); console.log('upload complete'); } catch (error) { console.log('upload failed ' + error.name); }
        return new Response('too late');
      case '/drip': {
        const encoder = new TextEncoder();
        return new Response(new ReadableStream({
          async start(controller) {
            for (let i = 0; i < 3; i++) { controller.enqueue(encoder.encode('drop ' + i + '\\n')); await new Promise((resolve) => setTimeout(resolve, 30)); }
            controller.close();
          },
        }));
      }
      case '/fails-late':
        return new Response(new ReadableStream({
          pull(controller) { if (pulled++ < 3) controller.enqueue(new Uint8Array(10)); else throw new Error('stream broke'); },
          start() { pulled = 0; },
        }));
      case '/wrong-chunk': return new Response(new ReadableStream({ start(controller) { controller.enqueue('text'); controller.close(); } }));
      case '/empty-stream': return new Response(new ReadableStream({ start(controller) { controller.close(); } }));
      case '/big-text': return new Response('aä€𝄞'.repeat(200_000));
      case '/big-bytes': return new Response(BIG);
      case '/lone-surrogate': return new Response('a\\ud800b' + 'x'.repeat(Number(searchParams.get('more') ?? 0)));
      default: return new Response('fine');
    }
  },
};`;

const nanos = await startNanos({ after }, { files: { 'echo/index.js': ECHO, 'source/index.js': SOURCE } });

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** A request whose answer is not read by itself. */
function open(t: TestContext, path: string, options: { method?: string; headers?: Record<string, string | number> } = {}): ClientRequest {
  const app = path.split('/')[1];
  const request = httpRequest({ host: '127.0.0.1', port: nanos.appsPort, path: path.slice(app!.length + 1), agent: false, ...options, headers: { host: `${app}.localhost`, ...options.headers } });
  request.on('error', () => undefined);
  t.after(() => void request.destroy());
  return request;
}

async function head(request: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  return response;
}

interface Counts {
  pulled: number;
  taken: number;
}

async function counts(): Promise<Counts> {
  return (await nanos.request('source', '/pulled')).json() as Counts;
}

/** Asks until the count stands still; fails when it never does. */
async function settledPulls(): Promise<number> {
  let same = 0;
  for (let last = -1, polls = 0; polls < 400; polls++) {
    const { pulled } = await counts();
    assert.ok(pulled < 64 * MIB, 'the stream is pulled without bound');
    same = pulled === last && pulled > 0 ? same + 1 : 0;
    if (same === 5) return pulled;
    last = pulled;
    await sleep(POLL_MS);
  }
  return assert.fail('the stream is pulled for ever');
}

function cellMemoryBytes(): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${nanos.pidOf('cell')}/status`, 'utf8'))?.[1]) * 1024;
}

describe('request bodies arrive as they were sent', () => {
  for (const path of ['/stream', '/transform', '/identity', '/reader', '/iterate', '/buffer', '/bytes', '/blob']) {
    for (const [kind, body] of [['every byte', EVERY_BYTE], ['3 MB of noise', randomBytes(3 * MIB + 17)], ['a byte order mark', Buffer.from('\ufeffabc')], ['ASCII', Buffer.from('abc')]] as const) {
      for (const [framing, headers] of [['sized', {}], ['chunked', { 'transfer-encoding': 'chunked' }]] as const) {
        test(`${path}, ${kind}, ${framing}`, async () => {
          const { status, body: back } = await nanos.request('echo', path, { method: 'POST', body, headers });
          assert.equal(status, 200);
          assert.equal(sha256(back), sha256(body));
        });
      }
    }
  }

  test('12 MB each way through a TransformStream', async () => {
    const body = randomBytes(12 * MIB + 1);
    const { status, body: back } = await nanos.request('echo', '/transform', { method: 'POST', body });
    assert.equal(status, 200);
    assert.equal(sha256(back), sha256(body));
  });

  test('20 MB through untouched', async () => {
    const body = randomBytes(20 * MIB);
    assert.equal(sha256((await nanos.request('echo', '/stream', { method: 'POST', body })).body), sha256(body));
  });

  test('4 MB taken whole and digested in the host', async () => {
    const body = randomBytes(4 * MIB);
    assert.equal((await nanos.request('echo', '/digest', { method: 'POST', body })).body.toString('hex'), sha256(body));
  });

  test('a transform that changes every byte', async () => {
    const { text } = await nanos.request('echo', '/upper', { method: 'POST', body: 'hello'.repeat(50_000) });
    assert.equal(text, 'HELLO'.repeat(50_000));
  });

  test('what is written comes back while the rest is still to be sent', async (t) => {
    const request = open(t, '/echo/transform', { method: 'POST', headers: { 'transfer-encoding': 'chunked' } });
    request.write('one');
    const response = await head(request);
    const [first] = (await once(response, 'data')) as [Buffer];
    assert.equal(first.toString(), 'one');
    request.write('two');
    const [second] = (await once(response, 'data')) as [Buffer];
    assert.equal(second.toString(), 'two');
    request.end();
    await once(response, 'end');
  });

  test('tee and clone both see everything', async () => {
    for (const path of ['/tee', '/clone']) {
      const { text } = await nanos.request('echo', path, { method: 'POST', body: randomBytes(MIB) });
      assert.equal(text, `[${MIB},${MIB}]`);
    }
  });

  test('text, JSON and forms', async () => {
    const post = async (path: string, body: string | Uint8Array, type = ''): Promise<string> => (await nanos.request('echo', path, { method: 'POST', body, headers: { 'content-type': type } })).text;
    assert.equal(await post('/text', 'grün €𝄞'), 'grün €𝄞');
    assert.equal(await post('/text', Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), 'a');
    assert.equal(await post('/text', Uint8Array.of(0x61, 0xff, 0x62)), 'a\ufffdb');
    assert.equal(await post('/json', '{"a": [1, "\u20ac"]}'), '{"a":[1,"\u20ac"]}');
    assert.equal(await post('/form', 'a=1&b=%E2%82%AC&a=2', 'application/x-www-form-urlencoded'), '[["a","1"],["b","€"],["a","2"]]');
    const multipart = ['--x', 'content-disposition: form-data; name="f"; filename="a.bin"', 'content-type: image/png', '', 'abc', '--x', 'content-disposition: form-data; name="g"', '', 'h', '--x--', ''].join('\r\n');
    assert.equal(await post('/form', multipart, 'multipart/form-data; boundary=x'), '[["f",["a.bin","image/png",3]],["g","h"]]');
    assert.equal(await post('/twice', 'once'), 'once,TypeError,true');
  });

  test('no body and an empty body', async () => {
    assert.equal((await nanos.request('echo', '/no-body')).text, 'true');
    for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
      const { status, text } = await nanos.request('echo', '/buffer', { method: 'POST', body: '', headers });
      assert.deepEqual([status, text], [200, '']);
    }
  });

  test('a body that nobody reads', async () => {
    for (const size of [10, MIB]) assert.equal((await nanos.request('echo', '/ignore', { method: 'POST', body: new Uint8Array(size) })).text, 'ignored');
  });
});

describe('response bodies', () => {
  test('12 MB made by the app, chunk by chunk', async () => {
    const { body, headers } = await nanos.request('source', `/count?bytes=${12 * MIB + 5}`);
    assert.equal(headers['transfer-encoding'], 'chunked');
    assert.equal(body.byteLength, 12 * MIB + 5);
    assert.ok(body.every((byte, index) => byte === Math.floor(index / 65_536) % 256));
  });

  test('large text and bytes', async () => {
    assert.equal((await nanos.request('source', '/big-text')).text, 'aä€𝄞'.repeat(200_000));
    const { body } = await nanos.request('source', '/big-bytes');
    assert.equal(body.byteLength, 3 * MIB + 1);
    assert.ok(body.every((byte, index) => byte === index % 251));
  });

  test('a lone surrogate becomes U+FFFD, and the length fits', async () => {
    for (const more of [0, 100_000]) {
      assert.equal((await nanos.request('source', `/lone-surrogate?more=${more}`)).text, `a\ufffdb${'x'.repeat(more)}`);
    }
  });

  test('what the app has sent arrives before it goes on', async (t) => {
    const response = await head(open(t, '/source/drip').end());
    const seen: string[] = [];
    response.on('data', (chunk: Buffer) => seen.push(chunk.toString()));
    await once(response, 'end');
    assert.deepEqual(seen, ['drop 0\n', 'drop 1\n', 'drop 2\n']);
  });

  test('a FixedLengthStream announces its length; a short one is cut off', async () => {
    const { headers, body } = await nanos.request('echo', '/sized?length=100000&written=100000');
    assert.deepEqual([headers['content-length'], headers['transfer-encoding'], body.byteLength], ['100000', undefined, 100_000]);
    await assert.rejects(nanos.request('echo', '/sized?length=100000&written=99999'), { code: 'ECONNRESET' });
  });

  for (const path of ['/fails-late', '/wrong-chunk']) {
    test(`a stream that fails (${path}) ends the connection and is logged`, async () => {
      const from = nanos.logs().length;
      await assert.rejects(nanos.request('source', path), { code: 'ECONNRESET' });
      const { level } = await nanos.waitForLog(({ app, message }) => app === 'source' && message?.startsWith('Uncaught') === true, from);
      assert.equal(level, 'error');
      assert.equal((await nanos.request('source', '/')).text, 'fine');
    });
  }

  test('an empty stream', async () => {
    const { status, body } = await nanos.request('source', '/empty-stream');
    assert.deepEqual([status, body.byteLength], [200, 0]);
  });
});

describe('back-pressure', () => {
  for (const path of ['/endless', '/endless-bytes', '/endless-pipe']) {
    test(`a client that does not read stops ${path}, and reading starts it again`, async (t) => {
      const request = open(t, `/source${path}`).end();
      const response = await head(request);
      response.pause();
      const before = cellMemoryBytes();
      const stalled = await settledPulls();
      assert.ok(cellMemoryBytes() - before < 64 * MIB);
      let received = 0;
      response.on('data', (chunk: Buffer) => (received += chunk.byteLength));
      response.resume();
      while (received < stalled + 4 * MIB) await once(response, 'data');
      assert.ok((await counts()).pulled > stalled);
      request.destroy();
    });
  }

  test('an app that does not read stops its client', async (t) => {
    const request = open(t, '/source/take-slowly', { method: 'POST', headers: { 'content-length': 90 * MIB } });
    const chunk = new Uint8Array(256 * 1024);
    let sent = 0;
    const fill = (): void => {
      while (sent < 90 * MIB) {
        sent += chunk.byteLength;
        if (!request.write(chunk)) break;
      }
    };
    request.on('drain', fill);
    const tookOne = nanos.waitForLog(({ app, message }) => app === 'source' && message === 'took one');
    fill();
    await tookOne;
    let last = -1;
    for (let same = 0; same < 5; await sleep(POLL_MS)) {
      same = sent === last ? same + 1 : 0;
      last = sent;
    }
    assert.ok(sent < 64 * MIB, 'the whole body was taken');
    assert.ok((await counts()).taken < 2 * MIB);
  });
});

describe('a client that leaves', () => {
  test('aborts request.signal and cancels the response stream', async (t) => {
    const from = nanos.logs().length;
    const request = open(t, '/source/endless').end();
    const response = await head(request);
    await once(response, 'data');
    request.destroy();
    await nanos.waitForLog(({ message }) => message === 'signal AbortError', from);
    await nanos.waitForLog(({ message }) => message?.startsWith('cancel ') === true, from);
    await settledPulls();
  });

  test('also while it does not read', async (t) => {
    const from = nanos.logs().length;
    const request = open(t, '/source/endless').end();
    (await head(request)).pause();
    await settledPulls();
    request.destroy();
    await nanos.waitForLog(({ message }) => message === 'signal AbortError', from);
    await nanos.waitForLog(({ message }) => message?.startsWith('cancel ') === true, from);
  });

  test('cancels byte streams and ends pipes', async (t) => {
    for (const [path, logged] of [['/endless-bytes', 'cancel bytes '], ['/endless-pipe', 'pipe ended ']] as const) {
      const from = nanos.logs().length;
      const request = open(t, `/source${path}`).end();
      await once(await head(request), 'data');
      request.destroy();
      await nanos.waitForLog(({ message }) => message?.startsWith(logged) === true, from);
    }
  });

  test('before the response: the signal aborts, waitUntil goes on, the late response goes nowhere', async (t) => {
    const from = nanos.logs().length;
    const request = open(t, '/source/hang').end();
    await nanos.waitForLog(({ message }) => message === 'hanging', from);
    request.destroy();
    await nanos.waitForLog(({ message }) => message === 'hang aborted true AbortError', from);
    await nanos.waitForLog(({ message }) => message === 'work after the client', from);
    assert.equal((await nanos.request('source', '/')).text, 'fine');
  });

  test('inside its own body: reading that body fails', async (t) => {
    const from = nanos.logs().length;
    const request = open(t, '/source/upload-cut', { method: 'POST', headers: { 'content-length': MIB } });
    request.write(new Uint8Array(1000));
    await nanos.waitForLog(({ message }) => message === 'upload begun', from);
    request.destroy();
    await nanos.waitForLog(({ message }) => message?.startsWith('upload failed ') === true, from);
    assert.equal((await nanos.request('source', '/')).text, 'fine');
  });
});
