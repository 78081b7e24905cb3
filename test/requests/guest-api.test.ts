/** Web APIs whose work is done by the host, and what one app has of others, over HTTP. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { startNanos, temporaryFolder, type Nanos } from '../support/start-nanos.ts';

const API = `
const seen = [];
addEventListener('unhandledrejection', (event) => { seen.push(event.reason instanceof TypeError ? event.reason.message : event.reason); event.preventDefault(); });
let count = 0;
const routes = {
  '/gzip': (request) => new Response(request.body.pipeThrough(new CompressionStream('gzip'))),
  '/gunzip': (request) => new Response(request.body.pipeThrough(new DecompressionStream('gzip'))),
  '/gunzip-length': async (request) => { let length = 0; for await (const chunk of request.body.pipeThrough(new DecompressionStream('gzip'))) length += chunk.length; return Response.json(length); },
  '/not-gzip': async () => { try { await new Response(new Blob(['x']).stream().pipeThrough(new DecompressionStream('gzip'))).text(); } catch (error) { return Response.json(error instanceof TypeError); } },
  '/digest': async (request) => { const stream = new crypto.DigestStream('SHA-256'); await request.body.pipeTo(stream); return Response.json([...new Uint8Array(await stream.digest)].length); },
  '/rewrite': () => new HTMLRewriter().on('a[href]', { element(element) { element.setAttribute('rel', 'x').append('!'); } }).transform(new Response('<p><a href=y>é</a></p>', { headers: { 'content-type': 'text/html' } })),
  '/pattern': () => Response.json([new URLPattern({ pathname: '/a/:b' }).exec('https://x.y/a/c').pathname.groups.b, navigator.userAgent]),
  '/channel': async () => { const { port1, port2 } = new MessageChannel(); const got = new Promise((resolve) => (port2.onmessage = (event) => resolve(event.data))); port1.postMessage({ a: [1] }); return Response.json(await got); },
  '/reject': () => { count++; Promise.reject(new TypeError('nobody cares')); return new Response('answered'); },
  '/reject-later': async () => { (async () => { await null; throw 'text'; })(); await scheduler.wait(1); return new Response('answered'); },
  '/reject-forever': () => { addEventListener('unhandledrejection', () => { for (let i = 0; i < 1e6; i++); Promise.reject(new Error('again')); }); Promise.reject(new Error('first')); return new Response('answered'); },
  '/seen': () => Response.json({ seen, count }),
  '/cache': async (request) => { const found = await caches.default.match(request.url); if (found !== undefined) return found; const made = new Response('made ' + ++count, { headers: { 'cache-control': 'max-age=60' } }); await caches.default.put(request.url, made.clone()); return made; },
};
export default { fetch: (request) => routes[new URL(request.url).pathname](request) };
`;

describe('web APIs of the host', () => {
  let nanos: Nanos;
  const cleanups: (() => Promise<void> | void)[] = [];
  before(async () => {
    nanos = await startNanos({ after: (end) => void cleanups.unshift(end) }, { files: { 'api/index.js': API } });
  });
  after(async () => {
    for (const end of cleanups) await end();
  });
  const get = (path: string, body?: Uint8Array): ReturnType<Nanos['request']> => nanos.request('api', path, body === undefined ? {} : { method: 'POST', body });

  test('compression, both ways and with what is wrong', async () => {
    const plain = Buffer.from('Grüße, '.repeat(50_000));
    assert.ok(gunzipSync((await get('/gzip', plain)).body).equals(plain));
    assert.ok((await get('/gunzip', gzipSync(plain))).body.equals(plain));
    assert.equal((await get('/not-gzip')).text, 'true');
  });

  test('a bomb is charged and ended before it is unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(1024 * 1024 * 1024));
    const answer = await get('/gunzip-length', bomb);
    assert.equal(answer.headers['x-nanos-error'], 'cpu_limit');
  });

  test('digests, rewriting, patterns, channels', async () => {
    assert.equal((await get('/digest', Buffer.from('x'))).text, '32');
    assert.equal((await get('/rewrite')).text, '<p><a href=y rel="x">é!</a></p>');
    assert.equal((await get('/pattern')).text, '["c","Cloudflare-Workers"]');
    assert.equal((await get('/channel')).text, '{"a":[1]}');
  });

  test('a promise that nobody handles is an event and costs no isolate', async () => {
    const { count } = JSON.parse((await get('/seen')).text) as { count: number };
    assert.equal((await get('/reject')).text, 'answered');
    assert.equal((await get('/reject-later')).text, 'answered');
    const told = JSON.parse((await get('/seen')).text) as { seen: string[]; count: number };
    assert.deepEqual(told, { seen: ['nobody cares', 'text'], count: count + 1 });
  });

  test('rejections without end are charged', async () => {
    const from = nanos.logs().length;
    assert.equal((await get('/reject-forever')).text, 'answered');
    assert.equal((await nanos.waitForLog(({ event, code }) => event === 'isolate_ended' && code === 'cpu_limit', from)).app, 'api');
  });

  test('what is cached outlives the isolate, not the deployment', async () => {
    const first = (await get('/cache')).text;
    await get('/reject-forever');
    await nanos.waitForLog(({ event }) => event === 'isolate_ended', nanos.logs().length - 1);
    const hit = await get('/cache');
    assert.deepEqual([hit.text, hit.headers['cf-cache-status']], [first, 'HIT']);
    const from = nanos.logs().length;
    await nanos.write('api/index.js', API.replace("'made '", "'made anew '"));
    await nanos.waitForLog(({ event }) => event === 'app_serving', from);
    assert.match((await get('/cache')).text, /^made anew/);
  });
});

test('cron triggers by hand', async (t) => {
  const files = {
    'jobs/app.nano': 'crons: ["0 3 * * *"]\n',
    'jobs/index.js': `const seen = []; export default { async scheduled(controller, env, context) { await null; context.waitUntil(Promise.resolve()); seen.push([controller.cron, controller.scheduledTime, controller.type]); if (controller.cron === 'x') throw new Error('mine'); }, fetch: () => Response.json(seen) };`,
    'old/index.js': `const seen = []; addEventListener('scheduled', (event) => { event.waitUntil(Promise.resolve()); seen.push([event.cron, event.scheduledTime]); }); addEventListener('fetch', (event) => event.respondWith(Response.json(seen)));`,
    'none/index.js': `export default { fetch: () => new Response() };`,
  };
  const nanos = await startNanos(t, { files });
  const trigger = async (app: string, cron: string): Promise<string> => {
    const answer = await nanos.control(`/v1/apps/${app}/trigger`, 'admin', { method: 'POST', body: JSON.stringify({ cron, scheduled_time: 5 }) });
    return answer.status === 204 ? 'done' : (JSON.parse(answer.text) as { error: { code: string } }).error.code;
  };
  assert.deepEqual([await trigger('jobs', '0 3 * * *'), await trigger('old', '* * * * *'), await trigger('jobs', 'x')], ['done', 'done', 'app_threw']);
  assert.deepEqual([await trigger('none', '*'), await trigger('unheard', '*')], ['bad_request', 'not_found']);
  assert.deepEqual(JSON.parse((await nanos.request('jobs')).text), [['0 3 * * *', 5, 'scheduled'], ['x', 5, 'scheduled']]);
  assert.deepEqual(JSON.parse((await nanos.request('old')).text), [['* * * * *', 5]]);
});

test('service bindings', async (t) => {
  const folder = await temporaryFolder(t);
  const config = join(folder, 'nanos.yaml');
  await writeFile(
    config,
    `limits: { cpu_ms: 2000 }
tenants:
  front: { bindings: { BACK: { type: service, service: back } } }
  back: { bindings: { FRONT: { type: service, service: front } } }
`,
  );
  const front = `const tried = async (run) => { try { return await (await run()).text(); } catch (error) { return error.name + ': ' + error.message; } };
export default { async fetch(request, env) {
  const path = new URL(request.url).pathname;
  if (path !== '/') return env.BACK.fetch(request);
  return Response.json([await tried(() => env.BACK.fetch('http://any.host/echo', { method: 'POST', body: 'é' })), await tried(() => env.BACK.fetch('http://x/throw')), await tried(() => env.OTHER.fetch('http://x/'))]);
} };`;
  const back = `export default { async fetch(request, env) {
  const path = new URL(request.url).pathname;
  if (path === '/throw') throw new RangeError('mine');
  if (path === '/loop') return env.FRONT.fetch(request);
  if (path === '/long') { let left = 512; return new Response(new ReadableStream({ pull(controller) { if (left-- > 0) controller.enqueue(new Uint8Array(65_536)); else controller.close(); } })); }
  return new Response(request.body);
} };`;
  const wrangler = JSON.stringify({ name: 'front', main: 'index.js', services: [{ binding: 'BACK', service: 'back' }, { binding: 'OTHER', service: 'back' }] });
  const files = { 'front/wrangler.json': wrangler, 'front/index.js': front, 'back/index.js': back };
  const nanos = await startNanos(t, { files, args: ['--config', config] });
  const [echoed, threw, denied] = JSON.parse((await nanos.request('front')).text) as string[];
  assert.equal(echoed, 'é');
  assert.equal(threw, 'TypeError: RangeError: mine (app_threw)');
  assert.match(denied ?? '', /binding_not_granted/);
  assert.equal((await nanos.request('front', '/long')).body.length, 512 * 65_536);
  const body = Buffer.alloc(3_000_000, 'x');
  assert.ok((await nanos.request('front', '/echo', { method: 'POST', body })).body.equals(body));
  assert.equal((await nanos.request('front', '/loop')).headers['x-nanos-error'], 'app_threw');
});
