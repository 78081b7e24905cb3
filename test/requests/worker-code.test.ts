/** Workers' code as people write it: environment, events, timers, crypto, imports; and what it may not do. */
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { startNanos, temporaryFolder } from '../support/start-nanos.ts';

const SECRET = 'correct-horse';

/** By path: an expression, answered as JSON. */
const EXPRESSIONS: Readonly<Record<string, string>> = {
  // time
  'frozen': '(() => { const times = [Date.now(), performance.now()]; for (let i = 0; i < 3e5; i++); return times[0] === Date.now() && times[1] === performance.now() && new Date().getTime() === times[0]; })()',
  'frozen-intl': '(() => { const one = new Intl.DateTimeFormat("en", { fractionalSecondDigits: 3, second: "numeric" }); const first = one.format(); for (let i = 0; i < 3e6; i++); return one.format() === first && one.formatToParts().length > 0; })()',
  'frozen-over-microtasks': '(async () => { const start = Date.now(); for (let i = 0; i < 1e4; i++) await null; return Date.now() === start; })()',
  'moves-over-timer': '(async () => { const start = Date.now(); await new Promise((resolve) => setTimeout(resolve, 30)); return Date.now() - start >= 29; })()',
  'now-is-now': 'Math.abs(Date.now() - Number(request.headers.get("x-now"))) < 60_000',
  'utc': '[new Date().getTimezoneOffset(), Intl.DateTimeFormat().resolvedOptions().timeZone]',
  'top-level-time': '[topLevelNow, topLevelDate, topLevelPerformance]',
  // code from strings
  'eval': 'refused(() => eval("1"))',
  'indirect-eval': 'refused(() => (0, eval)("1"))',
  'new-function': 'refused(() => new Function("return 1")())',
  'function-constructor': 'refused(() => (() => {}).constructor("return 1")())',
  'async-function': 'refused(() => (async () => {}).constructor("return 1"))',
  'generator-function': 'refused(() => (function* () {}).constructor("yield 1"))',
  'async-generator-function': 'refused(() => (async function* () {}).constructor("yield 1"))',
  'reflect-construct': 'refused(() => Reflect.construct(Function, ["return 1"], Object))',
  'function-subclass': 'refused(() => new (class extends Function {})("return 1"))',
  'timer-string': '(() => { globalThis.ran = false; try { setTimeout("globalThis.ran = true", 0); } catch {} return new Promise((resolve) => setTimeout(() => resolve(ran), 10)); })()',
  'wasm-module': 'refused(() => new WebAssembly.Module(EMPTY_WASM))',
  'wasm-compile': 'refused(() => WebAssembly.compile(EMPTY_WASM))',
  'wasm-instantiate': 'refused(() => WebAssembly.instantiate(EMPTY_WASM))',
  'wasm-streaming': 'refused(() => WebAssembly.instantiateStreaming(new Response(EMPTY_WASM)))',
  'wasm-module-constructor': 'refused(() => new (Object.getPrototypeOf(ADD).constructor)(EMPTY_WASM))',
  'wasm-module-subclass': 'refused(() => new (class extends WebAssembly.Module {})(EMPTY_WASM))',
  'shared-memory': '[typeof SharedArrayBuffer, typeof Atomics, refusedSharedMemory()]',
  // globals that would leak the host
  'no-host': '["process", "require", "Deno", "Bun", "global", "importScripts", "gc"].filter((name) => name in globalThis)',
  'own-nanos': 'Object.getOwnPropertyDescriptor(globalThis, "__nanos").configurable',
  // the rest
  'wasm': 'new WebAssembly.Instance(ADD).exports.add(40, 2)',
  'wasm-async': '(async () => (await WebAssembly.instantiate(ADD)).exports.add(40, 2))()',
  'wasm-is-module': 'ADD instanceof WebAssembly.Module',
  'imports': '[DATA, TEXT.trim(), new Uint8Array(BIN)[1]]',
  'random': '(() => { const a = crypto.getRandomValues(new Uint8Array(32)), b = crypto.getRandomValues(new Uint8Array(32)); return a.join() !== b.join() && new Set(a).size > 8; })()',
  'random-too-much': '(() => { try { crypto.getRandomValues(new Uint8Array(65_537)); return "taken"; } catch (error) { return error.name; } })()',
  'uuid': 'crypto.randomUUID()',
  'digest': '(async () => hex(await crypto.subtle.digest("SHA-256", new TextEncoder().encode("abc"))))()',
  'hmac': '(async () => { const key = await crypto.subtle.importKey("raw", new TextEncoder().encode("key"), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]); const data = new TextEncoder().encode("abc"); const signature = await crypto.subtle.sign("HMAC", key, data); return [hex(signature), await crypto.subtle.verify("HMAC", key, signature, data)]; })()',
  'aes': '(async () => { const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]); const iv = crypto.getRandomValues(new Uint8Array(12)); const data = new TextEncoder().encode("plain"); const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, data); return new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed)); })()',
  'ecdsa': '(async () => { const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]); const data = new TextEncoder().encode("abc"); const algorithm = { name: "ECDSA", hash: "SHA-256" }; return crypto.subtle.verify(algorithm, publicKey, await crypto.subtle.sign(algorithm, privateKey, data), data); })()',
  'timers': '(async () => { const order = []; await new Promise((resolve) => { setTimeout(() => order.push("b"), 5); setTimeout(() => order.push("a")); const stopped = setTimeout(() => order.push("never")); clearTimeout(stopped); let ticks = 0; const interval = setInterval(() => { order.push(ticks); if (++ticks === 3) { clearInterval(interval); resolve(); } }, 10); }); return order; })()',
  'scheduler': '(async () => { await scheduler.wait(1); return true; })()',
  'microtask-order': '(async () => { const order = []; setTimeout(() => order.push("timer")); queueMicrotask(() => order.push("microtask")); await null; order.push("await"); await new Promise((resolve) => setTimeout(resolve, 5)); return order; })()',
  'clone': '(() => { const value = structuredClone(new Map([["a", { at: new Date(5), error: new RangeError("x"), bytes: new Uint8Array([1]) }]])); const { at, error, bytes } = value.get("a"); return [at.getTime(), error instanceof RangeError, [...bytes]]; })()',
  'url': '[new URL("../b?x=1#y", "http://A.com:80/c/d").href, new URLSearchParams("a=1&a=2").getAll("a")]',
  'base64': '[btoa("\\u00ff"), atob("/w==").charCodeAt(0)]',
  'text': '[new TextDecoder("utf-8").decode(new TextEncoder().encode("€")), new TextDecoder("windows-1252").decode(new Uint8Array([0x80]))]',
  'abort': '(async () => { const signal = AbortSignal.timeout(5); await new Promise((resolve) => signal.addEventListener("abort", resolve)); return signal.reason.name; })()',
  'event-target': '(() => { const target = new EventTarget(); let seen = 0; target.addEventListener("x", () => seen++, { once: true }); target.dispatchEvent(new Event("x")); target.dispatchEvent(new Event("x")); return seen; })()',
  'strict': '(function () { return this === undefined; })()',
  'this-of-fetch': 'thisIsDefaultExport',
  'same-isolate': '++count > 0',
  'module-state': 'modules',
};

const API = `
import ADD from './add.wasm';
import DATA from './data.json';
import TEXT from './note.txt';
import BIN from './four.bin';
const topLevelNow = Date.now(), topLevelDate = new Date().getTime(), topLevelPerformance = performance.now();
const EMPTY_WASM = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
const modules = [typeof ADD, import.meta.url === undefined];
let count = 0, thisIsDefaultExport = false;
const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
async function refused(run) { try { await run(); return 'ran'; } catch (error) { return error.name; } }
function refusedSharedMemory() { try { return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer.constructor.name; } catch (error) { return error.name; } }
const app = {
  async fetch(request, env, ctx) {
    thisIsDefaultExport = this === app;
    const evaluate = expressions[new URL(request.url).pathname];
    return Response.json(await evaluate(request, env, ctx) ?? null);
  },
};
const expressions = {
  ${Object.entries(EXPRESSIONS).map(([path, expression]) => `'/${path}': (request, env, ctx) => ${expression}`).join(',\n  ')}
};
export default app;`;

const ENV = `
export default {
  fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === '/after') {
      ctx.waitUntil((async () => { await new Promise((resolve) => setTimeout(resolve, 50)); console.log('waited'); })());
      ctx.waitUntil(Promise.reject(new Error('failed later')));
      return new Response('before');
    }
    if (pathname === '/pass') { ctx.passThroughOnException(); throw new Error('no origin'); }
    if (pathname === '/console') { console.log('plain', { a: [1, 'two'] }, new Error('shown')); console.warn('%s is %d', 'it', 5); console.error('line\\nbreak \\u001b[31m'); console.debug('fine print'); return new Response(); }
    if (pathname === '/flood') { for (let i = 0; i < 200; i++) console.log('flood ' + 'x'.repeat(10_000)); return new Response('flooded'); }
    env.SEEN = (env.SEEN ?? 0) + 1;
    return Response.json({ env, globals: 'TEXT' in globalThis });
  },
};`;

const SERVICE_WORKER = `
const atTopLevel = [TEXT, OBJECT.deep[0], typeof SECRET];
addEventListener('fetch', (event) => {
  event.waitUntil(new Promise((resolve) => setTimeout(resolve, 20)).then(() => console.log('event waited')));
  event.passThroughOnException();
  event.respondWith(Response.json({ atTopLevel, later: [TEXT, OBJECT, SECRET], url: event.request.url, type: event.type, isEvent: event instanceof FetchEvent }));
});`;

const AWAITS = `
const config = await (async () => { await null; return { ready: true, now: Date.now() }; })();
export default { fetch: () => Response.json(config) };`;

/** Adds two i32. */
const ADD_WASM = Buffer.from('0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b', 'hex');

const VARS = { vars: { TEXT: 'grün', NUMBER: 7, OBJECT: { deep: [1, null, true] } } };
const wrangler = (name: string): string => JSON.stringify({ name, main: 'index.js', compatibility_date: '2026-01-01', ...VARS });

const root = await temporaryFolder({ after });
await mkdir(join(root, 'apps', 'api'), { recursive: true });
await writeFile(join(root, 'apps', 'api', 'add.wasm'), ADD_WASM);
const nanos = await startNanos({ after }, {
  root,
  files: {
    'api/index.js': API,
    'api/data.json': '{"json":true}',
    'api/note.txt': 'a text\n',
    'api/four.bin': '1234',
    'env/index.js': ENV,
    'env/wrangler.json': wrangler('env'),
    'env/.dev.vars': `SECRET=${SECRET}\nNUMBER="from secrets"\n`,
    'worker/index.js': SERVICE_WORKER,
    'worker/wrangler.json': wrangler('worker'),
    'worker/.dev.vars': `SECRET=${SECRET}\n`,
    'awaits/index.js': AWAITS,
    'random-at-top/index.js': 'const id = crypto.randomUUID();\nexport default { fetch: () => new Response(id) };',
    'values-at-top/index.js': '\n\nexport const id = crypto.getRandomValues(new Uint8Array(4));\nexport default { fetch: () => new Response() };',
    'timer-at-top/index.js': 'setTimeout(() => {}, 1);\nexport default { fetch: () => new Response() };',
    'fetch-at-top/index.js': 'fetch("http://example.com/");\nexport default { fetch: () => new Response() };',
    'never-awaits/index.js': 'await new Promise(() => {});\nexport default { fetch: () => new Response() };',
    'eval-at-top/index.js': 'export const one = (0, eval)("1");\nexport default { fetch: () => new Response() };',
  },
});

const expectedOf: Readonly<Record<string, unknown>> = {
  'utc': [0, 'UTC'],
  'top-level-time': [0, 0, 0],
  'timer-string': false,
  'shared-memory': ['undefined', 'undefined', 'TypeError'],
  'no-host': [],
  'own-nanos': false,
  'wasm': 42,
  'wasm-async': 42,
  'imports': [{ json: true }, 'a text', 0x32],
  'random-too-much': 'QuotaExceededError',
  'digest': createHash('sha256').update('abc').digest('hex'),
  'hmac': [createHmac('sha256', 'key').update('abc').digest('hex'), true],
  'aes': 'plain',
  'timers': ['a', 'b', 0, 1, 2],
  'microtask-order': ['microtask', 'await', 'timer'],
  'clone': [5, true, [1]],
  'url': ['http://a.com/b?x=1#y', ['1', '2']],
  'base64': ['/w==', 255],
  'text': ['€', '€'],
  'abort': 'TimeoutError',
  'event-target': 1,
  'module-state': ['object', true],
};
/** `eval`, Function and WebAssembly compilation. */
const REFUSED = Object.keys(EXPRESSIONS).filter((path) => EXPRESSIONS[path]?.startsWith('refused('));

describe('an expression in a handler', () => {
  for (const path of Object.keys(EXPRESSIONS)) {
    test(path, async () => {
      const { text, status } = await nanos.request('api', `/${path}`, { headers: { 'x-now': Date.now() } });
      assert.equal(status, 200, text);
      const value = JSON.parse(text) as unknown;
      if (REFUSED.includes(path)) assert.ok(['EvalError', 'CompileError', 'TypeError'].includes(String(value)), text);
      else if (path === 'uuid') assert.match(String(value), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      else assert.deepEqual(value, path in expectedOf ? expectedOf[path] : true);
    });
  }
});

describe('environment', () => {
  test('vars and .dev.vars are in env, and nothing is global', async () => {
    const { env, globals } = (await nanos.request('env')).json() as { env: Record<string, unknown>; globals: boolean };
    assert.deepEqual([env['TEXT'], env['OBJECT'], env['SECRET'], env['NUMBER'], globals], ['grün', { deep: [1, null, true] }, SECRET, 'from secrets', false]);
  });

  test('service-worker syntax: vars are globals at top level, secrets when requests come', async () => {
    const seen = (await nanos.request('worker', '/p')).json() as Record<string, unknown>;
    assert.deepEqual(seen, { atTopLevel: ['grün', 1, 'undefined'], later: ['grün', VARS.vars.OBJECT, SECRET], url: 'http://worker.localhost/p', type: 'fetch', isEvent: true });
    await nanos.waitForLog(({ app, message }) => app === 'worker' && message === 'event waited');
  });

  test('secrets are in no log line', () => {
    assert.ok(nanos.logs().length > 0);
    assert.doesNotMatch(JSON.stringify(nanos.logs()) + nanos.stderr, new RegExp(SECRET));
  });
});

describe('around the response', () => {
  test('waitUntil goes on after it, with its request in the log; a rejection is logged', async () => {
    const { text, headers } = await nanos.request('env', '/after');
    assert.equal(text, 'before');
    const ofRequest = (start: string) => nanos.waitForLog((line) => line['request_id'] === headers['x-request-id'] && line.message?.startsWith(start) === true);
    await ofRequest('waited');
    assert.equal((await ofRequest('Uncaught (in waitUntil) Error: failed later')).level, 'error');
  });

  test('passThroughOnException is accepted, and there is nothing to pass to', async () => {
    const { status, headers } = await nanos.request('env', '/pass');
    assert.deepEqual([status, headers['x-nanos-error']], [500, 'app_threw']);
  });

  test('console lines have a level, the app and the request', async () => {
    const { headers } = await nanos.request('env', '/console');
    const ofRequest = (level: string) => nanos.waitForLog((line) => line['request_id'] === headers['x-request-id'] && line.level === level && line.app === 'env');
    assert.match((await ofRequest('info')).message ?? '', /^plain \{ a: \[ ?1, 'two' ?\] \} Error: shown/);
    assert.equal((await ofRequest('warn')).message, 'it is 5');
    assert.match((await ofRequest('error')).message ?? '', /^line\nbreak /);
    assert.equal((await ofRequest('debug')).message, 'fine print');
  });

  test('a flood of lines is cut, and says so', async () => {
    const from = nanos.logs().length;
    for (let i = 0; i < 3; i++) assert.equal((await nanos.request('env', '/flood')).text, 'flooded');
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await nanos.request('env', '/console');
    const dropped = await nanos.waitForLog(({ event, app }) => event === 'log_dropped' && app === 'env', from);
    assert.ok(Number(dropped['lines']) > 0);
    const lines = nanos.logs().slice(from).filter(({ message }) => message?.startsWith('flood'));
    assert.ok(lines.length > 0 && lines.length < 600);
  });
});

describe('top level', () => {
  test('top-level await', async () => {
    assert.deepEqual((await nanos.request('awaits')).json(), { ready: true, now: 0 });
  });

  for (const [app, message, line] of [
    ['random-at-top', /global scope/, 1],
    ['values-at-top', /global scope/, 3],
    ['timer-at-top', /global scope/, 1],
    ['fetch-at-top', /global scope/, 1],
    ['eval-at-top', /Code generation from strings/, 1],
    ['never-awaits', /never settles/, undefined],
  ] as const) {
    test(`${app} fails to build and says why`, async () => {
      const failed = await nanos.waitForLog((entry) => entry.event === 'app_build_failed' && entry.app === app);
      assert.equal(failed['code'], 'app_failed_to_start');
      assert.match(failed.message ?? '', message);
      if (line !== undefined) assert.deepEqual([(failed['position'] as { file: string }).file, (failed['position'] as { line: number }).line], ['index.js', line]);
      const { status, headers } = await nanos.request(app);
      assert.deepEqual([status, headers['x-nanos-error']], [500, 'app_failed_to_start']);
    });
  }
});
