/** The interface over the host's real handler. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppCaches } from '../../../apps/host-calls/app-caches.ts';
import { cacheCall } from '../../../apps/host-calls/cache-call.ts';
import type { HostCallContext } from '../../../apps/run/host-call.ts';
import { bindHostCalls, type HostCalls, type OutboundSource } from '../../kernel/host-calls.ts';
import { Request, Response } from '../fetch/index.ts';
import { streamClasses } from '../streams/index.ts';
import { Cache } from './lazy/cache.ts';
import { caches } from './lazy/cache-storage.ts';

let nowMs = 0;
const sources = new Map<number, OutboundSource>();
const handler = cacheCall(new AppCaches({ appBytesMax: 10_000, bytesMax: 100_000 }), () => nowMs);

const context = {
  app: 'a',
  readStream(id: number) {
    const source = sources.get(id)!;
    return { read: () => source.pull(), cancel: () => source.cancel('given up') };
  },
} as unknown as HostCallContext;

async function reply(name: string, fields: readonly string[], views: readonly Uint8Array[]): Promise<{ fields: string[]; buffers: ArrayBuffer[] }> {
  const result = await handler(context, name, fields, views.map((view) => new Uint8Array(view).buffer));
  return { fields: result.fields.map(String), buffers: [...result.buffers] };
}

bindHostCalls({
  call: (name: string, fields: readonly string[], views: readonly Uint8Array[] = []) => ({ reply: reply(name, fields, views), cancel: () => undefined }),
  outbound(source: OutboundSource) {
    sources.set(sources.size + 1, source);
    return sources.size;
  },
} as unknown as HostCalls);

const url = 'https://a.com/x';

test('put, match, delete', async () => {
  const cache = caches.default;
  assert.equal(await cache.match(url), undefined);
  await cache.put(`${url}#fragment`, new Response('text', { status: 201, statusText: 'Made', headers: { 'cache-control': 'max-age=10', 'x-a': 'b' } }));
  nowMs += 3_000;
  const found = await cache.match(new Request(url));
  assert.deepEqual([found?.status, found?.statusText, found?.headers.get('x-a'), found?.headers.get('age'), found?.headers.get('cf-cache-status'), await found?.text()], [201, 'Made', 'b', '3', 'HIT', 'text']);
  assert.equal(await (await cache.match(url))?.text(), 'text', 'more than once');
  assert.deepEqual([await cache.delete(url), await cache.delete(url), await cache.match(url)], [true, false, undefined]);
});

test('what is no longer fresh is gone', async () => {
  await caches.default.put(url, new Response('x', { headers: { 'cache-control': 'max-age=1' } }));
  nowMs += 1_000;
  assert.equal(await caches.default.match(url), undefined);
});

test('caches with names are apart', async () => {
  const [one, same, other] = await Promise.all([caches.open('one'), caches.open('one'), caches.open('')]);
  await one.put(url, new Response('1'));
  assert.deepEqual([await (await same.match(url))?.text(), await other.match(url), await caches.default.match(url)], ['1', undefined, undefined]);
});

test('bodies of every kind', async () => {
  const stream = new (streamClasses().ReadableStream)({
    start(controller) {
      controller.enqueue(new Uint8Array([1]));
      controller.enqueue(new Uint8Array([2, 3]));
      controller.close();
    },
  });
  for (const [body, expected] of [['é', [0xc3, 0xa9]], [new Uint8Array([255, 0]), [255, 0]], [stream, [1, 2, 3]], [null, []]] as const) {
    await caches.default.put(url, new Response(body));
    assert.deepEqual([...(await (await caches.default.match(url))!.bytes())], expected);
  }
});

test('Vary, conditions and ranges', async () => {
  const cache = await caches.open('vary');
  const request = (headers: Record<string, string>): Request => new Request(url, { headers });
  await cache.put(request({ accept: 'a' }), new Response('0123456789', { headers: { vary: 'Accept', etag: '"1"' } }));
  assert.equal(await cache.match(request({ accept: 'b' })), undefined);
  assert.equal((await cache.match(request({ accept: 'a', 'if-none-match': '"1"' })))?.status, 304);
  const part = await cache.match(request({ accept: 'a', range: 'bytes=2-4' }));
  assert.deepEqual([part?.status, part?.headers.get('content-range'), await part?.text()], [206, 'bytes 2-4/10', '234']);
});

test('what can not be stored', async () => {
  const cache = caches.default;
  const wrong: [unknown, unknown][] = [
    [url, new Response('x', { status: 206 })],
    [url, new Response('x', { headers: { vary: '*' } })],
    [new Request(url, { method: 'POST' }), new Response('x')],
    [url, {}],
    ['no url', new Response('x')],
    [url, new Response('x'.repeat(20_000))],
  ];
  for (const [request, response] of wrong) await assert.rejects(cache.put(request, response), TypeError);
  const used = new Response('x');
  await used.text();
  await assert.rejects(cache.put(url, used), TypeError);
  await cache.put(`${url}?private`, new Response('x', { headers: { 'cache-control': 'private' } }));
  assert.equal(await cache.match(`${url}?private`), undefined);
  assert.equal(await cache.match(new Request(url, { method: 'HEAD' })), undefined);
});

test('a body that fails is not stored', async () => {
  const mine = new TypeError('mine');
  const stream = new (streamClasses().ReadableStream)({ pull: () => Promise.reject(mine) });
  await assert.rejects(caches.default.put(`${url}?fails`, new Response(stream)), mine);
  assert.equal(await caches.default.match(`${url}?fails`), undefined);
});

test('interfaces', async () => {
  assert.throws(() => new Cache(), TypeError);
  await assert.rejects(Reflect.apply(caches.default.match.bind(caches.default), undefined, []) as Promise<never>, TypeError);
  await assert.rejects(Reflect.apply(Reflect.get(Cache.prototype, 'match') as () => Promise<never>, {}, [url]), TypeError);
});

test('fields that are no call are refused', async () => {
  for (const [name, fields] of [['cache.match', []], ['cache.match', ['', url, 'x']], ['cache.put', ['', url]], ['cache.put', ['', url, '99', '200']], ['cache.put', ['', url, '0', 'x']]] as const) {
    await assert.rejects(handler(context, name, fields, []), RangeError, fields.join());
  }
  await assert.rejects(handler(context, 'cache.keys', [], []), TypeError);
});
