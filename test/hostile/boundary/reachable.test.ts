/**
 * Every object that an app can reach, in an isolate as cells start them: on both roads, in handlers and at top level, with all bindings, from what
 * host calls give and throw, and from what its proxies, getters and thenables are handed. None is the host's, shared, or makes code of text.
 */
import assert from 'node:assert/strict';
import ivm from 'isolated-vm';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { startNanos, temporaryFolder } from '../../support/start-nanos.ts';
import { writeFile } from 'node:fs/promises';

const WALKER = readFileSync(new URL('../../fixtures/boundary/walk-objects.js', import.meta.url), 'utf8');

interface Found {
  readonly objects: number;
  readonly functions: number;
  readonly names: Readonly<Record<string, string>>;
  readonly anonymous: readonly string[];
  readonly handles: readonly string[];
  readonly shared: readonly string[];
  readonly evaluates: readonly string[];
}

/** The walk in a context of V8 alone, with what `plant` puts there. */
async function walkBare(plant: (global: ivm.Reference) => void = () => undefined): Promise<Found> {
  const isolate = new ivm.Isolate({ memoryLimit: 256 });
  try {
    const context = await isolate.createContext();
    plant(context.global);
    const settle = '(promise) => Promise.race([promise.then((value) => value, (error) => error), Promise.resolve()])';
    const source = `'use strict';${WALKER.replace('import.meta', '{}')};(async () => JSON.stringify(await walkObjects({ globalThis }, ${settle})))()`;
    return JSON.parse((await context.eval(source, { promise: true, copy: true })) as string) as Found;
  } finally {
    isolate.dispose();
  }
}

/** More than the 64 KB of script from which on an app starts from its own snapshot. */
const PADDING = `export const padding = ${JSON.stringify('x'.repeat(80_000))};`;

/** Sets in wait, before the host attaches to a restored snapshot, for what is put into the context then. */
const TRAPS = `
const { apply: nativeApply, construct: nativeConstruct, defineProperty: nativeDefine } = Reflect;
const field = (object, name, value) => nativeDefine(object, name, { __proto__: null, value, writable: true, configurable: true, enumerable: true });
const hold = (value) => field(kept, kept.length, value);
for (const name of ['SharedArrayBuffer', 'Atomics', 'WebAssembly']) {
  try { Object.defineProperty(globalThis, name, { configurable: true, get: () => undefined, set: hold }); } catch (error) { hold(error); }
}
for (const name of ['post', 'memory', 'callback', 'dispatch', 'shared', 'wasm', 'resolve', 'reject', 'requestId', 0, 1, 2, 3, 4, 5, 6, 7, 8]) {
  Object.defineProperty(Object.prototype, name, { configurable: true, set(value) { hold(this); hold(value); field(this, name, value); } });
}
Reflect.apply = function (target, self, values) { hold(target); hold(self); hold(values); return nativeApply(target, self, values); };
Reflect.construct = function (target, values, by = target) { hold(target); hold(values); return nativeConstruct(target, values, by); };`;

const UNTRAP = `
  for (const name of ['SharedArrayBuffer', 'Atomics', 'WebAssembly']) delete globalThis[name];
  for (const name of ['post', 'memory', 'callback', 'dispatch', 'shared', 'wasm', 'resolve', 'reject', 'requestId', 0, 1, 2, 3, 4, 5, 6, 7, 8]) delete Object.prototype[name];
  Reflect.apply = nativeApply; Reflect.construct = nativeConstruct;`;

const app = (before: string, within: string, events: 'module' | 'service-worker'): string => `
${WALKER}
const kept = [];
${before}
addEventListener('unhandledrejection', (event) => { kept.push(event, event.reason, event.promise); event.preventDefault(); });
addEventListener('error', (event) => { kept.push(event, event.error); event.preventDefault(); });
const attemptTop = (action) => { try { kept.push(action()); } catch (error) { kept.push(error); } };
for (const action of [() => fetch('http://x/'), () => setTimeout(() => 1), () => crypto.randomUUID(), () => new Function('1'), () => __nanos('nothing'), () => __nanos('handlers'), () => __nanos('module', 0), () => new WebAssembly.Module(new Uint8Array(8)), () => structuredClone({ a: new Uint8Array(1) })]) attemptTop(action);

/** Hands on everything that its traps are given. */
const spy = (target) => new Proxy(target, new Proxy({}, { get: (_, trap) => (...given) => { kept.push(...given); const result = Reflect[trap](...given); kept.push(result); return result; } }));
const settled = (promise) => Promise.race([promise.then((value) => value, (error) => error), new Promise((resolve) => setTimeout(resolve, 5))]);
const results = {};
const keep = async (name, action) => { try { results[name] = await settled(Promise.resolve(action())); } catch (error) { results[name] = error; } };
async function collect(env, url) {
  const bytes = new Uint8Array(16);
  const algorithm = { name: 'AES-GCM', length: 128 };
  await keep('key', () => crypto.subtle.generateKey(algorithm, true, ['encrypt']));
  await keep('encrypted', () => crypto.subtle.encrypt({ name: 'AES-GCM', iv: bytes }, results.key, bytes));
  await keep('pair', () => crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']));
  await keep('jwk', () => crypto.subtle.exportKey('jwk', results.key));
  await keep('digest', () => crypto.subtle.digest(spy({ name: 'SHA-256' }), bytes));
  await keep('cryptoError', () => crypto.subtle.importKey('raw', bytes, spy({ name: 'nothing' }), spy([]), ['x']));
  await keep('refused', () => fetch('http://127.0.0.1:1/'));
  await keep('spied', () => fetch('http://127.0.0.1:1/', spy({ method: 'POST', headers: spy({ a: 'b' }), body: 'x' })));
  await keep('badUrl', () => fetch('nothing'));
  await keep('thenable', () => ({ then(resolve) { kept.push(this); resolve(spy({})); } }));
  await keep('sibling', () => env.SIBLING.fetch('http://x/', { method: 'POST', body: new ReadableStream({ pull(controller) { kept.push(this, controller); controller.close(); } }), duplex: 'half' }));
  await keep('siblingReader', () => results.sibling.body.getReader());
  await keep('siblingChunk', () => results.siblingReader.read());
  await keep('ai', () => env.AI.chat({ messages: [{ role: 'user', content: 'a' }] }));
  await keep('agent', () => env.AGENT.run('a'));
  await keep('put', () => caches.default.put(url, new Response('x', { headers: { 'cache-control': 'max-age=60' } })));
  await keep('cached', () => caches.default.match(url));
  await keep('cache', () => caches.open('own'));
  await keep('gzip', () => new Response(new Blob(['x']).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer());
  await keep('gunzip', () => new Response(new Blob(['x']).stream().pipeThrough(new DecompressionStream('gzip'))).text());
  await keep('digestStream', () => { const stream = new crypto.DigestStream('SHA-256'); const writer = stream.getWriter(); void writer.close(); return [stream, writer, stream.digest]; });
  await keep('rewritten', () => new HTMLRewriter().on('*', { element(element) { kept.push(this, element, element.attributes); }, text(chunk) { kept.push(chunk); }, comments(comment) { kept.push(comment); } }).onDocument({ end(end) { kept.push(end); }, doctype(type) { kept.push(type); } }).transform(new Response('<!doctype html><p a=b>x<!--y--></p>')).text());
  await keep('byteReader', () => new ReadableStream({ type: 'bytes', pull(controller) { kept.push(controller, controller.byobRequest); controller.close(); controller.byobRequest?.respond(0); } }).getReader({ mode: 'byob' }).read(new Uint8Array(4)));
  await keep('transform', () => { const stream = new TransformStream({ transform(...given) { kept.push(this, ...given); } }); void stream.writable.getWriter().write(spy({})); return stream; });
  await keep('writable', () => { const stream = new WritableStream({ write(...given) { kept.push(this, ...given); } }); void stream.getWriter().write(1); return stream; });
  await keep('channel', () => { const channel = new MessageChannel(); channel.port2.onmessage = (event) => kept.push(event); channel.port1.postMessage(new Map([[1, new Error('x')]])); return channel; });
  await keep('pattern', () => [new URLPattern({ pathname: '/:a' }), new URLPattern({ pathname: '/:a' }).exec('http://x/y')]);
  await keep('form', () => new Response('a=b', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }).formData());
  await keep('aborted', () => { const controller = new AbortController(); controller.signal.addEventListener('abort', function (event) { kept.push(this, event); }); controller.abort(spy({})); return controller; });
  await keep('timer', () => new Promise((resolve) => setTimeout(function (...given) { kept.push(this, ...given); resolve(this); }, 0, spy({}))));
  await keep('microtask', () => new Promise((resolve) => queueMicrotask(function () { kept.push(this); resolve(); })));
  await keep('deep', () => { const recurse = () => recurse(); recurse(); });
  await keep('dom', () => { throw new DOMException('x', 'DataCloneError'); });
  await keep('clone', () => structuredClone(spy({})));
  await keep('objects', () => [new Request(url, { method: 'POST', body: 'x' }), new Headers(spy([['a', 'b']])), new FormData(), new File(['x'], 'y'), new TextDecoder('gbk'), new TextEncoderStream(), new URL(url).searchParams, performance, navigator, new Event('x'), new CustomEvent('y', { detail: 1 }), scheduler, self]);
  Promise.reject(new Error('nobody cares'));
  await new Promise((resolve) => setTimeout(resolve, 10));
}
let scheduledEvent;
async function answer(self, request, env, context) {
  await collect(env, request.url);
  kept.push(self, request, request.body, request.headers, request.signal, request.cf, env, context, scheduledEvent, arguments);
  ${within}
  const found = await walkObjects({ globalThis, results, kept }, settled);
  return new Response(JSON.stringify({ ...found, results: Object.keys(results).length, scheduled: scheduledEvent !== undefined }));
}
${
  events === 'module'
    ? 'export default { fetch(request, env, context) { return answer(this, request, env, context); }, scheduled(event, env, context) { scheduledEvent = [this, event, env, context]; } };'
    : `addEventListener('fetch', function (event) { kept.push(this, event); event.respondWith(answer(this, event.request, globalThis, event)); }); addEventListener('scheduled', function (event) { scheduledEvent = [this, event]; });`
}`;

const SMALL = { plain: app('', '', 'module'), worker: app('', '', 'service-worker') };
const LARGE = { snapshotted: app(PADDING, '', 'module'), trapped: app(PADDING + TRAPS, UNTRAP, 'module') };
const APPS: Readonly<Record<string, string>> = { ...SMALL, ...LARGE };
const MANIFEST = (name: string): string => `name: ${name}\nenv: { PLAIN: text, NESTED: { list: [1, { deep: true }] } }\nbindings: { SIBLING: { type: service, service: sibling }, AI: { type: llm }, AGENT: { type: agent } }\n`;
const GRANT = '{ bindings: { SIBLING: { type: service, service: sibling }, AI: { type: llm, model: { provider: openai, model_name: small, api_url: "http://127.0.0.1:9/v1" } }, AGENT: { type: agent, manifest: a.nano } } }';

describe('every object that an app can reach', { concurrency: 1 }, () => {
  test('the walk finds what is planted', async () => {
    const bare = await walkBare();
    const planted = await walkBare((global) => {
      const anonymous = new ivm.Callback(() => 1);
      global.setSync('anonymous', anonymous);
      global.setSync('named', new ivm.Callback(function hostWork() {}, { ignored: true }));
    });
    assert.deepEqual(planted.anonymous, ['globalThis[anonymous]']);
    assert.deepEqual(Object.keys(planted.names).filter((name) => !(name in bare.names)), ['hostWork']);
    for (const handle of [new ivm.Reference({}), new ivm.ExternalCopy({}), ivm]) {
      const { handles } = await walkBare((global) => global.setSync('handle', handle));
      assert.ok(handles.some((path) => path.startsWith('globalThis[handle]')), handles.join());
    }
    assert.deepEqual(bare.handles, []);
    assert.ok(bare.shared.includes('new (globalThis[SharedArrayBuffer])') && bare.shared.includes('new (globalThis[WebAssembly][Memory])'), bare.shared.join());
    assert.ok(bare.evaluates.includes('globalThis[eval]') && bare.evaluates.includes('globalThis[Function]'), bare.evaluates.join());
    assert.equal(bare.evaluates.length, 5);
  });

  test('none is the host’s, shared, or makes code of text', async (t) => {
    const root = await temporaryFolder({ after });
    const config = join(root, 'walk.yaml');
    const tenants = Object.keys(APPS).map((name) => `  ${name}: ${GRANT}`);
    await writeFile(config, `limits: { cpu_ms: 60000, wall_ms: 60000, startup_ms: 20000, memory: 512MB }\ntenants:\n${tenants.join('\n')}\n`);
    const files = Object.fromEntries(Object.entries(APPS).flatMap(([name, source]) => [[`${name}/index.js`, source], [`${name}/app.nano`, MANIFEST(name)], [`${name}/.dev.vars`, 'SECRET=word\n']]));
    const nanos = await startNanos({ after }, { root, files: { ...files, 'sibling/index.js': `export default { fetch: (request) => new Response(request.body ?? 'sibling') };` }, args: ['--config', config] });
    const native = (await walkBare()).names;
    for (const name of Object.keys(APPS)) {
      const triggered = await nanos.control(`/v1/apps/${name}/trigger`, 'admin', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"cron":"* * * * *"}' });
      assert.equal(triggered.status, 204, triggered.text);
      const answer = await nanos.request(name, '/a?b', { method: 'POST', body: 'body' });
      assert.equal(answer.status, 200, `${name}: ${answer.text.slice(0, 500)}`);
      const found = answer.json() as Found & { results: number; scheduled: boolean };
      t.diagnostic(`${name}: ${found.objects} objects, ${found.functions} of them functions, ${Object.keys(found.names).length} native ones`);
      assert.deepEqual(found.handles, [], name);
      assert.deepEqual(found.shared, [], name);
      assert.deepEqual(found.evaluates, [], name);
      assert.deepEqual(Object.entries(found.names).filter(([function_]) => !(function_ in native)), [], name);
      assert.deepEqual(found.anonymous, [], name);
      assert.ok(found.objects > 3_000 && found.results >= 35 && found.scheduled, `${name}: ${found.objects} objects, ${found.results} results`);
    }
  });
});
