/** What of the API is compiled at its first use: it works on both roads to an isolate, and an app has no hand in what is compiled. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startNanos } from '../support/start-nanos.ts';

/** One use of each part that answers without the network. */
const USES = `
const uses = {
  clone: () => structuredClone({ list: [1, new Date(0)], map: new Map([['a', 1n]]) }).list[1].getTime() + '',
  pattern: () => new URLPattern({ pathname: '/a/:b' }).exec('https://x.example/a/c').pathname.groups.b,
  subtle: async () => [...new Uint8Array(await crypto.subtle.digest({ name: 'SHA-256' }, new Uint8Array(1)))].slice(0, 2).join(),
  rewriter: () => new HTMLRewriter().on('b', { element(element) { element.setInnerContent('new'); } }).transform(new Response('<b>old</b>')).text(),
  legacy: () => new TextDecoder('windows-1251').decode(new Uint8Array([0xcf, 0xf0])),
  stream: () => new Response(new ReadableStream({ start(controller) { controller.enqueue(new TextEncoder().encode('streamed')); controller.close(); } })).text(),
  compression: () => new Response(new Response('squeezed').body.pipeThrough(new CompressionStream('gzip')).pipeThrough(new DecompressionStream('gzip'))).text(),
  form: async () => (await new Response('--x\\r\\ncontent-disposition: form-data; name="a"\\r\\n\\r\\nb\\r\\n--x--\\r\\n', { headers: { 'content-type': 'multipart/form-data; boundary=x' } }).formData()).get('a'),
  host: () => new URL('https://faß.example').host,
  channel: () => new MessageChannel().port1.constructor.name,
  cache: async () => typeof (await caches.open('a')).match,
};
const useAll = async () => {
  const answers = {};
  for (const name of Object.keys(uses)) answers[name] = await uses[name]();
  return answers;
};`;

const RIGHT = {
  clone: '0',
  pattern: 'c',
  subtle: '110,52',
  rewriter: '<b>new</b>',
  legacy: 'Пр',
  stream: 'streamed',
  compression: 'squeezed',
  form: 'b',
  host: 'xn--fa-hia.example',
  channel: 'MessagePort',
  cache: 'function',
};

/** More than the 64 KB of script from which on an app starts from its own snapshot. */
const PADDING = `export const padding = ${JSON.stringify('x'.repeat(80_000))};`;

const PLAIN = `${USES}
export default { fetch: async () => Response.json(await useAll()) };`;

/** Uses some at its top level, where no host has attached. */
const AT_TOP_LEVEL = `${USES}
const early = [uses.clone(), uses.pattern(), uses.legacy(), uses.host(), typeof new ReadableStream()];
export default { fetch: async () => Response.json({ early, late: await useAll() }) };`;

/** A text as the host would give it, that tells of itself when it is compiled. */
const FORGED = `
const names = ['webapi/structured-clone', 'webapi/urlpattern'];
const forgedText = '(function(){globalThis.forged=true;return{}})';
let forgedHead = '', forgedData = '';
for (const name of names) { forgedHead += '1,2,' + name.length + ',' + forgedText.length + ','; forgedData += name + forgedText; }
const forge = () => { try { __nanos('parts', forgedHead + '|' + forgedData); } catch {} };
forge(); forge();`;

/** Replaces what could show or change a part's text on its way to the compiler, and keeps what passes. */
const WATCHER = `${USES}
${FORGED}
const { apply, construct } = Reflect;
const isArray = Array.isArray;
const { call } = Function.prototype;
const includes = call.bind(String.prototype.includes);
const sourceOf = call.bind(Function.prototype.toString);
const seen = [];
let watching = false;
const look = (value) => { if (watching && (typeof value === 'string' || typeof value === 'function')) seen[seen.length] = value; };
const keep = (values) => {
  for (let i = 0; i < values.length; i++) {
    look(values[i]);
    if (isArray(values[i])) for (let j = 0; j < values[i].length; j++) look(values[i][j]);
  }
};
const intercept = (holder, name) => {
  const native = holder[name];
  const intercepted = function (...values) { keep([this]); keep(values); return new.target === undefined ? apply(native, this, values) : construct(native, values); };
  intercepted.prototype = native.prototype;
  Object.defineProperty(holder, name, { value: intercepted, configurable: true, writable: true });
};
let evaluated = 0;
const evaluate = () => { evaluated++; };
for (const name of ['apply', 'construct']) intercept(Reflect, name);
for (const name of ['call', 'apply', 'bind', 'toString']) intercept(Function.prototype, name);
for (const name of ['charCodeAt', 'slice', 'substring', 'indexOf', 'split', 'toString', 'concat', 'trim']) intercept(String.prototype, name);
for (const name of ['map', 'forEach', 'push', 'slice', 'concat', 'join', 'values', Symbol.iterator]) intercept(Array.prototype, name);
intercept(String, 'fromCharCode');
intercept(TextDecoder.prototype, 'decode');
globalThis.eval = globalThis.Function = evaluate;
for (const sample of [function () {}, async function () {}, function* () {}]) Object.defineProperty(Object.getPrototypeOf(sample), 'constructor', { value: evaluate });
for (const name of ['text', 'part', 'openPart', 'callPart', 'structuredClone']) Object.defineProperty(Object.prototype, name, { configurable: true, set() { evaluated++; } });
export default {
  async fetch() {
    watching = true;
    const one = structuredClone(1);
    watching = false;
    // among what this part imports are classes
    let texts = 0, classes = 0;
    for (let i = 0; i < seen.length; i++) {
      if (typeof seen[i] === 'function') classes += includes(sourceOf(seen[i]), 'class') ? 1 : 0;
      else if (includes(seen[i], 'use strict') || includes(seen[i], 'sourceURL')) texts++;
    }
    return new Response('one ' + one + ', texts ' + texts + ', classes ' + classes + ', evaluated ' + evaluated + ', forged ' + globalThis.forged);
  },
};`;

const nanos = await startNanos({ after }, {
  files: {
    'small/index.js': PLAIN,
    'large/index.js': PADDING + PLAIN,
    'small-early/index.js': AT_TOP_LEVEL,
    'large-early/index.js': PADDING + AT_TOP_LEVEL,
    'small-watcher/index.js': WATCHER,
    'large-watcher/index.js': PADDING + WATCHER,
    'forger/index.js': `${FORGED}${PLAIN}`,
    'large-forger/index.js': `${PADDING}${FORGED}${PLAIN}`,
  },
});

const answerOf = async (app: string): Promise<string> => (await nanos.request(app)).text;

for (const app of ['small', 'large', 'forger', 'large-forger']) {
  test(`${app}: each lazy part does its work`, async () => {
    assert.deepEqual(JSON.parse(await answerOf(app)), RIGHT);
  });
}

for (const app of ['small-early', 'large-early']) {
  test(`${app}: lazy parts work at top level, and after it`, async () => {
    assert.deepEqual(JSON.parse(await answerOf(app)), { early: ['0', 'c', 'Пр', 'xn--fa-hia.example', 'object'], late: RIGHT });
  });
}

for (const app of ['small-watcher', 'large-watcher']) {
  test(`${app}: an app sees and changes neither a part's text nor what it is given`, async () => {
    assert.equal(await answerOf(app), 'one 1, texts 0, classes 0, evaluated 0, forged undefined');
  });
}
