import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AbortController } from '../dom/index.ts';
import { installStreams, streamClasses } from '../streams/index.ts';
import { installFetch, Request } from './index.ts';

installFetch({});
installStreams({});

const NodeRequest = globalThis.Request;
const url = 'http://a.b/c';

test('defaults are those of Node', () => {
  const [ours, theirs] = [new Request(url), new NodeRequest(url)];
  const keys = ['method', 'url', 'destination', 'referrer', 'referrerPolicy', 'mode', 'credentials', 'cache', 'redirect', 'integrity', 'keepalive', 'duplex', 'body', 'bodyUsed'];
  for (const key of keys) assert.equal(Reflect.get(ours, key), Reflect.get(theirs, key), key);
  assert.equal(ours.signal.aborted, false);
  assert.equal(ours.signal, ours.signal);
});

test('URLs are serialized; relative ones and user-info are refused', () => {
  for (const input of ['HTTP://A.b:80/x/../y#z', 'https://a.b', 'data:,x']) assert.equal(new Request(input).url, new NodeRequest(input).url);
  for (const bad of ['/x', '', 'http://', 'http://user@a.b', 'http://u:p@a.b/']) assert.throws(() => new Request(bad), TypeError, bad);
  assert.throws(() => Reflect.construct(Request, []), TypeError);
});

test('methods', () => {
  for (const method of ['get', 'Post', 'pUt', 'delete', 'options', 'head', 'patch', 'Chicken']) {
    assert.equal(new Request(url, { method }).method, new NodeRequest(url, { method }).method);
  }
  for (const method of ['CONNECT', 'trace', 'Track', 'a b', '', 'é', 'GET\r\n']) assert.throws(() => new Request(url, { method }), TypeError, method);
});

test('members that are wrong are refused as in Node', () => {
  const wrong: Record<string, unknown>[] = [
    { mode: 'navigate' }, { mode: 'x' }, { credentials: 'x' }, { cache: 'x' }, { cache: 'only-if-cached' }, { redirect: 'x' }, { referrerPolicy: 'x' }, { referrer: 'http://' },
    { window: 1 }, { signal: {} }, { signal: 1 }, { duplex: 'full' }, { body: 'x' }, { body: 'x', method: 'HEAD' }, { headers: { 'a b': 'c' } }, { mode: 'no-cors', method: 'PUT' },
  ];
  for (const init of wrong) {
    assert.throws(() => new Request(url, init), TypeError, JSON.stringify(init));
    assert.throws(() => new NodeRequest(url, init), TypeError);
  }
  assert.throws(() => new Request(url, 1), TypeError);
  assert.throws(() => new Request(url, { method: 'POST', keepalive: true, body: new (streamClasses().ReadableStream)() }), TypeError);
});

test('a getter of the init that throws passes its error on', () => {
  const error = new Error('mine');
  for (const key of ['body', 'cache', 'credentials', 'headers', 'method', 'mode', 'redirect', 'signal', 'window']) {
    const init = Object.defineProperty({}, key, {
      get() {
        throw error;
      },
    });
    assert.throws(() => new Request(url, init), error);
  }
});

test('cf and redirect stay with the request', () => {
  const cf = { cacheTtl: 5 };
  const request = new Request(url, { cf, redirect: 'manual' });
  const copies = [request.clone(), new Request(request), new Request('http://x.y', request)];
  for (const copy of copies) assert.deepEqual([copy.cf, copy.redirect], [cf, 'manual']);
});

test('a request from a request takes its body over', async () => {
  const first = new Request(url, { method: 'POST', body: 'x', headers: { a: 'b' } });
  const second = new Request(first, { headers: { c: 'd' } });
  assert.equal(first.bodyUsed, true);
  assert.deepEqual([second.method, [...second.headers]], ['POST', [['c', 'd']]]);
  assert.equal(await second.text(), 'x');
  assert.throws(() => new Request(first), TypeError);
  assert.equal(await new Request(first, { method: 'POST', body: 'new' }).text(), 'new');
});

test('a request from a request whose stream was asked for', async () => {
  const first = new Request(url, { method: 'POST', body: 'x' });
  const stream = first.body;
  const second = new Request(first);
  assert.equal(first.bodyUsed, true);
  assert.notEqual(second.body, stream);
  assert.equal(await second.text(), 'x');
});

test('a request as the init of another shares its body', async () => {
  const first = new Request(url, { method: 'PUT', body: 'x', headers: { a: 'b' } });
  const second = new Request('http://x.y/', first);
  assert.deepEqual([second.method, second.url, second.headers.get('a')], ['PUT', 'http://x.y/', 'b']);
  assert.equal(first.bodyUsed, false);
  assert.equal(await second.text(), 'x');
  assert.equal(first.bodyUsed, true);
  assert.throws(() => new Request('http://x.y/', first), TypeError);
});

test('signals follow', () => {
  const controller = new AbortController();
  const request = new Request(url, { signal: controller.signal });
  const derived = new Request(request);
  const clone = derived.clone();
  const detached = new Request(request, { signal: null });
  assert.notEqual(request.signal, controller.signal);
  controller.abort('why');
  assert.deepEqual([request.signal.reason, derived.signal.reason, clone.signal.reason], ['why', 'why', 'why']);
  assert.equal(detached.signal.aborted, false);
});

test('the Content-Type of a body does not replace one that is there', () => {
  assert.equal(new Request(url, { method: 'POST', body: 'x' }).headers.get('content-type'), 'text/plain;charset=UTF-8');
  assert.equal(new Request(url, { method: 'POST', body: 'x', headers: { 'Content-Type': 'a/b' } }).headers.get('content-type'), 'a/b');
});

test('the init is converted, member by member in their order, before the URL is parsed', () => {
  const order: string[] = [];
  const init = new Proxy({}, { get: (_, name) => void order.push(String(name)) });
  assert.throws(() => new Request('no URL', init), TypeError);
  assert.deepEqual(order, ['body', 'cache', 'cf', 'credentials', 'duplex', 'headers', 'integrity', 'keepalive', 'method', 'mode', 'priority', 'redirect', 'referrer', 'referrerPolicy', 'signal', 'window']);
  assert.throws(() => new Request('no URL', { get method() { return assert.fail('trapped'); } }), /trapped/);
  assert.throws(() => new Request('http://a/', { method: 'a b', get signal() { return assert.fail('trapped'); } }), /trapped/);
});
