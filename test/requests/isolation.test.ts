/** Apps keep to themselves: nothing that one does to its own built-ins reaches another, the host, or what the host keeps from it. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { startNanos, temporaryFolder } from '../support/start-nanos.ts';

/** What an app does to its own built-ins. */
const TAMPERINGS: Readonly<Record<string, string>> = {
  'array-push': 'Array.prototype.push = () => { throw new Error("push") }; Array.prototype.pop = Array.prototype.shift = Array.prototype.splice = Array.prototype.slice = Array.prototype.concat = Array.prototype.push;',
  'array-iteration': 'Array.prototype[Symbol.iterator] = function* () { yield "evil"; }; Array.prototype.map = Array.prototype.filter = Array.prototype.forEach = Array.prototype.join = Array.prototype.includes = Array.prototype.indexOf = () => "evil";',
  'array-setters': 'for (let i = 0; i < 50; i++) Object.defineProperty(Array.prototype, i, { configurable: true, get() { return "evil"; }, set() { throw new Error("setter"); } });',
  'promise-then': 'Promise.prototype.then = function () { return { then() {} }; }; Promise.prototype.catch = Promise.prototype.finally = Promise.prototype.then;',
  'promise-statics': 'Promise.resolve = Promise.reject = Promise.all = Promise.race = () => { throw new Error("static"); };',
  'promise-constructor': 'globalThis.Promise = class { constructor() { throw new Error("promise"); } };',
  'json': 'JSON.stringify = () => "evil"; JSON.parse = () => ({ evil: true });',
  'to-json': 'Object.prototype.toJSON = () => "evil"; String.prototype.toJSON = Object.prototype.toJSON;',
  'map-and-set': 'Map.prototype.get = Map.prototype.set = Map.prototype.has = () => { throw new Error("map"); }; Set.prototype.add = WeakMap.prototype.get = WeakMap.prototype.set = Map.prototype.get; globalThis.Map = globalThis.Set = globalThis.WeakMap = undefined;',
  'strings': 'for (const name of ["charCodeAt", "slice", "indexOf", "split", "replace", "toLowerCase", "toWellFormed", "substring", "trim", "concat", "padStart"]) String.prototype[name] = () => "evil";',
  'string-conversion': 'String.prototype.toString = String.prototype.valueOf = Number.prototype.toString = () => "evil"; globalThis.String = globalThis.Number = () => "evil";',
  'objects': 'Object.defineProperty = Object.getOwnPropertyDescriptor = Object.keys = Object.entries = Object.create = Object.getPrototypeOf = Object.assign = () => { throw new Error("object"); };',
  'object-prototype': 'Object.prototype.get = Object.prototype.value = Object.prototype.then = undefined; for (const name of ["text", "bytes", "source", "status", "headers", "body", "writable", "pull", "done"]) Object.defineProperty(Object.prototype, name, { configurable: true, set() { throw new Error("setter"); }, get() { return undefined; } });',
  'object-prototype-values': 'for (const name of ["text", "bytes", "source", "status", "statusText", "headers", "redirect", "signal", "configurable"]) Object.prototype[name] = "evil";',
  'frozen-prototypes': 'for (const frozen of [Object, Array, Function, Promise, String, Number, Error, Map, Uint8Array, RegExp, Symbol]) { Object.freeze(frozen.prototype); Object.freeze(frozen); }',
  'reflect': 'Reflect.apply = Reflect.construct = Reflect.get = Reflect.ownKeys = () => { throw new Error("reflect"); };',
  'functions': 'Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => { throw new Error("function"); }; Object.defineProperty(Function.prototype, Symbol.hasInstance, { value: () => true });',
  'typed-arrays': 'const typed = Object.getPrototypeOf(Uint8Array.prototype); for (const name of ["buffer", "byteLength", "byteOffset", "length"]) Object.defineProperty(typed, name, { get() { throw new Error("typed"); } }); typed.set = typed.slice = typed.subarray = () => { throw new Error("typed"); }; globalThis.Uint8Array = globalThis.ArrayBuffer = undefined; ArrayBuffer = null;',
  'buffer-species': 'Object.defineProperty(ArrayBuffer, Symbol.species, { value: function () { throw new Error("species"); } }); Object.defineProperty(Uint8Array, Symbol.species, { value: function () { throw new Error("species"); } }); Object.defineProperty(Promise, Symbol.species, { value: function () { throw new Error("species"); } });',
  'regular-expressions': 'RegExp.prototype.exec = RegExp.prototype.test = () => { throw new Error("regexp"); }; RegExp.prototype[Symbol.replace] = RegExp.prototype[Symbol.split] = RegExp.prototype[Symbol.match] = RegExp.prototype.exec;',
  'errors': 'Error.prepareStackTrace = () => ({ evil: true }); Error.captureStackTrace = undefined; Error.stackTraceLimit = 1e9; globalThis.Error = globalThis.TypeError = globalThis.RangeError = globalThis.DOMException = undefined;',
  'web-classes': 'globalThis.Response = class {}; globalThis.Request = globalThis.Headers = globalThis.URL = globalThis.ReadableStream = globalThis.AbortController = globalThis.TextEncoder = undefined;',
  'web-prototypes': 'for (const { prototype } of [Headers, Request, URL, ReadableStream, TextEncoder, TextDecoder, AbortSignal, EventTarget]) for (const name of Object.getOwnPropertyNames(prototype)) if (name !== "constructor") try { Object.defineProperty(prototype, name, { value: () => { throw new Error("web"); }, configurable: true }); } catch {}',
  'clock': 'Date.now = () => { throw new Error("date"); }; globalThis.Date = undefined; performance.now = () => NaN; Math.ceil = Math.min = Math.max = Math.random = () => NaN;',
  'timers': 'globalThis.setTimeout = globalThis.queueMicrotask = globalThis.clearTimeout = () => { throw new Error("timer"); };',
  'entry': 'try { __nanos("attach", () => {}, new ArrayBuffer(64), new ArrayBuffer(32), "{}", "{}", []); } catch {} try { __nanos("app", { default: { fetch: () => new Response("evil") } }); } catch {} try { delete globalThis.__nanos; } catch {} try { globalThis.__nanos = 1; } catch {} try { __nanos("module", -1); } catch {}',
  'global-this': 'for (const name of Object.getOwnPropertyNames(globalThis)) if (!["globalThis", "undefined", "NaN", "Infinity"].includes(name)) try { globalThis[name] = undefined; } catch {} Object.freeze(globalThis);',
};

/** Its answers stay right all the same: the way in and out of an isolate doesn't depend on these. */
const HARMLESS = new Set(['promise-then', 'promise-statics', 'json', 'to-json', 'frozen-prototypes', 'web-classes', 'clock', 'timers', 'entry']);
/** With these at top level it is not certain what the app exports. */
const UNREGISTERED = new Set(['to-json', 'entry']);

/** What its handler needs is held from before the tampering. */
const tamperer = (code: string, atTopLevel: boolean): string => `
const { Response: OwnResponse } = globalThis;
const right = () => new OwnResponse('right', { headers: { 'x-own': 'yes' } });
${atTopLevel ? code : ''}
export default {
  fetch(request) {
    if (request.method === 'PUT') { ${atTopLevel ? '' : code} return new OwnResponse('tampered'); }
    if (request.method === 'POST') return new OwnResponse(request.body);
    if (request.method === 'DELETE') throw 'thrown';
    return right();
  },
};`;

const NEIGHBOUR = `
const fingerprint = () => [Array.prototype.push, Promise.prototype.then, JSON.stringify, Object.prototype.toString, String.prototype.slice].map(String).join() + Object.getOwnPropertyNames(Object.prototype).sort() + Object.isFrozen(Object.prototype);
const first = fingerprint();
globalThis.mine = (globalThis.mine ?? 0) + 1;
let count = 0;
export default { fetch: async (request) => Response.json({ count: ++count, same: fingerprint() === first, mine: globalThis.mine, theirs: typeof globalThis.theirs, body: await request.text() }) };`;

/** More than the 64 KB of script from which on an app starts from its own snapshot. */
const PADDING = `export const padding = ${JSON.stringify('x'.repeat(80_000))};`;

/** Keeps whatever passes through built-ins that the host's code might still use when it attaches to a restored snapshot. */
const THIEF = `
${PADDING}
const { apply, construct, setPrototypeOf } = Reflect;
const tagOf = Object.prototype.toString, isArray = Array.isArray;
const Response = globalThis.Response, Uint8Array = globalThis.Uint8Array;
const kept = [];
let watching = false;
const keep = (values) => {
  if (!watching) return;
  for (let i = 0; i < values.length; i++) {
    kept[kept.length] = values[i];
    if (isArray(values[i])) for (let j = 0; j < values[i].length; j++) kept[kept.length] = values[i][j];
  }
};
const intercept = (holder, name) => {
  const native = holder[name];
  function intercepted(...values) {
    keep([this, ...values]);
    return new.target === undefined ? apply(native, this, values) : construct(native, values, new.target === intercepted ? native : new.target);
  }
  intercepted.prototype = native.prototype;
  setPrototypeOf(intercepted, native);
  holder[name] = intercepted;
};
for (const name of ['apply', 'construct', 'get', 'ownKeys', 'defineProperty']) intercept(Reflect, name);
for (const name of ['defineProperty', 'defineProperties', 'getOwnPropertyDescriptor', 'getOwnPropertyDescriptors', 'getPrototypeOf', 'assign', 'keys', 'entries']) intercept(Object, name);
for (const name of ['call', 'apply', 'bind']) intercept(Function.prototype, name);
for (const name of ['map', 'forEach', 'push', 'slice', 'concat']) intercept(Array.prototype, name);
for (const name of ['Int32Array', 'Uint8Array', 'ArrayBuffer', 'Error']) intercept(globalThis, name);
for (const name of ['parse', 'stringify']) intercept(JSON, name);
watching = true;
const EMPTY_WASM = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
const tag = (value) => apply(tagOf, value, []);
const compiles = (Module) => { try { return tag(construct(Module, [EMPTY_WASM])) === '[object WebAssembly.Module]'; } catch { return false; } };
const isShared = (value) => { try { return tag(value) === '[object SharedArrayBuffer]' || tag(value.buffer) === '[object SharedArrayBuffer]'; } catch { return false; } };
export default {
  fetch() {
    watching = false;
    let shared = 0, secrets = 0, compilers = 0;
    for (let i = 0; i < kept.length; i++) {
      if (isShared(kept[i])) shared++;
      if (typeof kept[i] === 'string' && kept[i].includes('hidden-value')) secrets++;
      if (typeof kept[i] === 'function' && compiles(kept[i])) compilers++;
    }
    return new Response('padding ' + padding.length + ', shared ' + shared + ', secrets ' + secrets + ', compilers ' + compilers + ', Module compiles ' + compiles(WebAssembly.Module) + ', ' + typeof SharedArrayBuffer);
  },
};`;

const SHARED_WASM = Buffer.from('0061736d01000000050401030101070501016d0200', 'hex');
const SHARED_MEMORY = `
import MODULE from './shared.wasm';
const { apply } = Reflect;
export default {
  fetch() {
    const found = [];
    const look = (value) => { try { found.push(Object.prototype.toString.call(value)); } catch {} };
    try { look(new WebAssembly.Instance(MODULE).exports.m.buffer); } catch (error) { found.push(error.name); }
    let getter;
    Reflect.apply = (target, self, values) => { getter = target; return apply(target, self, values); };
    try { look(new WebAssembly.Instance(MODULE).exports.m.buffer); } catch (error) { found.push(error.name); }
    if (getter !== undefined) look(apply(getter, new WebAssembly.Instance(MODULE).exports.m, []));
    return new Response(found.join());
  },
};`;

const root = await temporaryFolder({ after });
await mkdir(join(root, 'apps', 'shared'), { recursive: true });
await writeFile(join(root, 'apps', 'shared', 'shared.wasm'), SHARED_WASM);
const entries = Object.entries(TAMPERINGS);
const nanos = await startNanos({ after }, {
  root,
  files: {
    ...Object.fromEntries(entries.flatMap(([name, code]) => tampererFolder(`late-${name}`, tamperer(code, false)))),
    ...Object.fromEntries(entries.flatMap(([name, code]) => tampererFolder(`early-${name}`, tamperer(code, true)))),
    'neighbour/index.js': NEIGHBOUR,
    'twin/index.js': NEIGHBOUR.replace('let count', 'globalThis.theirs = 1; let count'),
    'thief/index.js': THIEF,
    'thief/.dev.vars': 'HIDDEN=hidden-value\n',
    'shared/index.js': SHARED_MEMORY,
  },
});

/** Its own limit of wall time is short: some lock themselves out of their own promises. */
function tampererFolder(name: string, source: string): [string, string][] {
  return [
    [`${name}/index.js`, source],
    [`${name}/app.nano`, `name: ${name}\nlimits: { wall_ms: 300 }\n`],
  ];
}

async function assertNeighbourUntouched(): Promise<void> {
  const body = 'x'.repeat(100);
  const seen = (await nanos.request('neighbour', '/', { method: 'POST', body })).json() as Record<string, unknown>;
  assert.deepEqual({ ...seen, count: 0 }, { count: 0, same: true, mine: 1, theirs: 'undefined', body });
}

for (const name of Object.keys(TAMPERINGS)) {
  describe(`an app that tampers with ${name}`, { concurrency: true }, () => {
    test('at run time', async () => {
      assert.equal((await nanos.request(`late-${name}`)).text, 'right');
      const tampered = await nanos.request(`late-${name}`, '/', { method: 'PUT' });
      if (HARMLESS.has(name)) assert.deepEqual([tampered.status, tampered.text], [200, 'tampered']);
      await assertAnswers(`late-${name}`, HARMLESS.has(name));
    });

    test('at top level', () => assertAnswers(`early-${name}`, HARMLESS.has(name) && !UNREGISTERED.has(name)));
  });
}

/** Right answers, or at least answers: the tenant's own fault, in the words of the table. */
async function assertAnswers(app: string, mustBeRight: boolean): Promise<void> {
  const plain = await nanos.request(app);
  const posted = await nanos.request(app, '/', { method: 'POST', body: 'posted' });
  const thrown = await nanos.request(app, '/', { method: 'DELETE' });
  if (mustBeRight) {
    assert.deepEqual([plain.status, plain.text, plain.headers['x-own']], [200, 'right', 'yes']);
    assert.deepEqual([posted.status, posted.text], [200, 'posted']);
    assert.deepEqual([thrown.status, thrown.headers['x-nanos-error']], [500, 'app_threw']);
  }
  for (const { status, headers } of [plain, posted, thrown]) {
    const outcome = headers['x-nanos-error'] ?? 'own';
    assert.ok(['own', 'app_threw', 'app_failed_to_start', 'app_restarted', 'wall_limit', 'cpu_limit'].includes(String(outcome)), `${status} ${String(outcome)}`);
  }
  await assertNeighbourUntouched();
}

describe('what the host keeps from apps', () => {
  test('two apps with the same source share nothing', async () => {
    for (let count = 1; count <= 2; count++) {
      const twin = (await nanos.request('twin')).json() as Record<string, unknown>;
      assert.deepEqual([twin['count'], twin['mine'], twin['theirs']], [count, 1, 'number']);
    }
    await assertNeighbourUntouched();
  });

  test('an app from a snapshot of its own sees nothing of how the host attaches to it', async () => {
    const { road } = await nanos.waitForLog(({ event, app }) => event === 'app_serving' && app === 'thief');
    assert.equal(road, 'snapshot');
    assert.equal((await nanos.request('thief')).text, 'padding 80000, shared 0, secrets 0, compilers 0, Module compiles false, undefined');
  });

  test('a module with a shared memory does not give a SharedArrayBuffer away', async () => {
    const { text } = await nanos.request('shared');
    assert.doesNotMatch(text, /SharedArrayBuffer/);
    assert.match(text, /TypeError/);
  });

  test('no cell was lost over any of it', () => {
    assert.deepEqual(nanos.logs().filter(({ event }) => event === 'catastrophe' || event === 'cell_replaced'), []);
  });
});
