/** What a client sees when an app fails by itself: the code of the table, no internals, and the next request works. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Answer } from '../support/http-request.ts';
import { startNanos } from '../support/start-nanos.ts';

const SECRET = 'tenant-secret';

/** By path: what the handler does. */
const FAILURES: Readonly<Record<string, string>> = {
  'throws-error': `throw new Error('${SECRET}')`,
  'rejects': `return Promise.reject(new TypeError('${SECRET}'))`,
  'rejects-later': `return new Promise((_, reject) => setTimeout(reject, 1, new Error('${SECRET}')))`,
  'throws-string': `throw '${SECRET}'`,
  'throws-null': 'throw null',
  'throws-undefined': 'throw undefined',
  'throws-symbol': `throw Symbol('${SECRET}')`,
  'throws-bigint': 'throw 10n ** 100n',
  'throws-function': `throw function () { return '${SECRET}' }`,
  'throws-bare-object': `throw { __proto__: null, message: '${SECRET}' }`,
  'throws-proxy': `throw new Proxy({}, hostileTraps)`,
  'rejects-with-proxy': `return Promise.reject(new Proxy(new Error('${SECRET}'), hostileTraps))`,
  'throws-proxy-of-function': `throw new Proxy(function () {}, hostileTraps)`,
  'throws-revoked-proxy': `const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy`,
  'throws-throwing-getters': `throw { get name() { throw this }, get message() { throw this }, get stack() { throw this } }`,
  'throws-message-of-no-text': `const error = new Error('x'); error.message = { toString() { throw error } }; error.name = Symbol(); error.stack = 7; throw error`,
  'throws-huge-message': `throw new Error('${SECRET}'.repeat(200_000))`,
  'throws-line-breaks': `throw new Error('a\\r\\nset-cookie: evil=1\\r\\n\\r\\n<script>\\u2028\\u0000')`,
  'throws-a-response': `throw new Response('${SECRET}')`,
  'throws-in-prepare-stack-trace': `Error.prepareStackTrace = () => { throw new Error('${SECRET}') }; throw new Error('x')`,
  'returns-nothing': 'return',
  'returns-null': 'return null',
  'returns-text': `return '${SECRET}'`,
  'returns-object': `return { status: 200, headers: [], body: '${SECRET}' }`,
  'returns-fake-response': 'return Object.create(Response.prototype)',
  'returns-response-proxy': `return new Proxy(new Response('${SECRET}'), {})`,
  'returns-request': 'return request',
  'returns-error-response': 'return Response.error()',
  'returns-used-response': `const response = new Response('${SECRET}'); return response.text().then(() => response)`,
  'returns-locked-response': `const response = new Response('${SECRET}'); response.body.getReader(); return response`,
  'returns-throwing-thenable': `return { get then() { throw new Error('${SECRET}') } }`,
  'returns-rejecting-thenable': `return { then(_, reject) { reject(new Error('${SECRET}')) } }`,
  'bad-status': `return new Response('', { status: 1000 })`,
  'informational-status': `return new Response(null, { status: 101 })`,
  'bad-status-text': `return new Response('', { statusText: 'a\\r\\nx: y' })`,
  'line-break-in-header': `return new Response('', { headers: { x: 'a\\r\\nset-cookie: evil=1' } })`,
  'line-break-in-header-name': `return new Response('', { headers: { 'x\\r\\ny': 'a' } })`,
  'wide-header': `return new Response('', { headers: { x: '\\u20ac' } })`,
  'body-with-204': `return new Response('${SECRET}', { status: 204 })`,
  'fails-in-its-own-code': `return undefined.${SECRET.replace('-', '')}`,
};

const APP = `
const hugeHeaders = { headers: { x: 'a'.repeat(200_000) } };
const hostileTraps = Object.fromEntries(['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'isExtensible', 'set', 'defineProperty', 'deleteProperty', 'apply', 'construct']
  .map((trap) => [trap, () => { throw new Error('${SECRET}') }]));
const failures = {
  ${Object.entries(FAILURES).map(([path, body]) => `'/${path}'(request) { ${body} }`).join(',\n  ')},
  '/huge-headers': () => new Response('${SECRET}', hugeHeaders),
  '/huge-headers-streamed': () => new Response(new ReadableStream(), hugeHeaders),
};
export default {
  fetch(request) {
    delete Error.prepareStackTrace;
    const fail = failures[new URL(request.url).pathname];
    return fail === undefined ? new Response('fine') : fail(request);
  },
};`;

const SERVICE_WORKER = `addEventListener('fetch', (event) => {
  const { pathname } = new URL(event.request.url);
  if (pathname === '/throws') throw new Error('${SECRET}');
  if (pathname === '/rejects') return event.respondWith(Promise.reject(new Error('${SECRET}')));
  if (pathname === '/twice') { event.respondWith(new Response('1')); event.respondWith(new Response('2')); }
  if (pathname === '/ok') event.respondWith(new Response('fine'));
});`;

const nanos = await startNanos({ after }, {
  files: {
    'fails/index.js': APP,
    'worker/index.js': SERVICE_WORKER,
    'scheduled-only/index.js': 'export default { scheduled() {} };',
    'neighbour/index.js': `export default { fetch: () => new Response('neighbour') };`,
  },
});

function assertErrorPage(answer: Answer, status: number, code: string): string {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['x-nanos-error'], code);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.equal(answer.headers['cache-control'], 'no-store');
  const { error } = answer.json() as { error: { code: string; message: string; request_id: string } };
  assert.deepEqual(Object.keys(error), ['code', 'message', 'request_id']);
  assert.equal(error.code, code);
  assert.match(error.message, /^[A-Z]/);
  assert.equal(error.request_id, answer.headers['x-request-id']);
  assert.doesNotMatch(`${JSON.stringify(answer.headers)}${answer.text}`, new RegExp(`${SECRET}|evil|index\\.js|\\.ts:`));
  return error.request_id;
}

describe('app_threw', () => {
  for (const path of Object.keys(FAILURES)) {
    test(path, async () => {
      const requestId = assertErrorPage(await nanos.request('fails', `/${path}`), 500, 'app_threw');
      assert.equal((await nanos.request('fails', '/')).text, 'fine');
      const logged = await nanos.waitForLog((line) => line['request_id'] === requestId && line.level === 'error');
      assert.equal(logged.app, 'fails');
      assert.equal(logged.event, 'console');
      assert.ok((logged.message ?? '').length < 40_000);
    });
  }

  for (const path of ['huge-headers', 'huge-headers-streamed']) {
    test(path, async () => {
      assertErrorPage(await nanos.request('fails', `/${path}`), 500, 'app_threw');
      assert.equal((await nanos.request('fails', '/')).text, 'fine');
    });
  }

  test('none of it cost another app anything, or the app its isolate', async () => {
    assert.equal((await nanos.request('neighbour')).text, 'neighbour');
    assert.deepEqual(nanos.logs().filter(({ event }) => event === 'isolate_ended'), []);
  });

  for (const [path, logged] of [['throws', SECRET], ['rejects', SECRET], ['answers-nothing', 'respondWith']] as const) {
    test(`a service worker that ${path}`, async () => {
      const requestId = assertErrorPage(await nanos.request('worker', `/${path}`), 500, 'app_threw');
      await nanos.waitForLog((line) => line['request_id'] === requestId && line.message?.includes(logged) === true);
      assert.equal((await nanos.request('worker', '/ok')).text, 'fine');
    });
  }

  test('a service worker that answers twice is heard once', async () => {
    const { status, text } = await nanos.request('worker', '/twice');
    assert.deepEqual([status, text], [200, '1']);
  });

  test('an app without a fetch handler', async () => {
    assertErrorPage(await nanos.request('scheduled-only'), 500, 'app_threw');
  });

  test('the error is in the log, with the request that it belongs to and the place in the source', async () => {
    const { headers } = await nanos.request('fails', '/throws-error');
    const { message = '' } = await nanos.waitForLog((line) => line['request_id'] === headers['x-request-id']);
    assert.match(message, new RegExp(`^Uncaught Error: ${SECRET}\\n +at .*index\\.js:\\d+:\\d+`));
    assert.doesNotMatch(message, /nanos:api|\/tmp\//);
  });

  test('HEAD gets the status and the header alone', async () => {
    const { status, headers, text } = await nanos.request('fails', '/throws-error', { method: 'HEAD' });
    assert.deepEqual([status, headers['x-nanos-error'], text], [500, 'app_threw', '']);
  });
});

describe('error pages', () => {
  const accepting = (accept: string): Promise<Answer> => nanos.request('fails', '/throws-error', { headers: { accept } });

  test('HTML for those who prefer it', async () => {
    const { headers, text, status } = await accepting('text/html,application/xhtml+xml,*/*;q=0.8');
    assert.equal(status, 500);
    assert.equal(headers['content-type'], 'text/html; charset=utf-8');
    assert.equal(headers['x-nanos-error'], 'app_threw');
    assert.ok(text.startsWith('<!doctype html>') && text.includes(String(headers['x-request-id'])));
    assert.doesNotMatch(text, new RegExp(SECRET));
  });

  for (const accept of ['application/json', '*/*', 'application/json, text/html', 'image/png']) {
    test(`JSON for ${accept}`, async () => {
      assertErrorPage(await accepting(accept), 500, 'app_threw');
    });
  }

  for (const host of ['nobody.localhost', 'fails.localhost.example', 'xfails.localhost', 'localhost', '127.0.0.1', '[::1]:3000']) {
    test(`app_not_found for ${host}`, async () => {
      assertErrorPage(await nanos.request(host), 404, 'app_not_found');
    });
  }

  test('a host that could be mistaken for markup is escaped', async () => {
    const { text } = await nanos.request('fails', '/', { headers: { host: '<b>.localhost', accept: 'text/html' } });
    assert.doesNotMatch(text, /<b>/);
  });
});

test('a handler that failed is counted as such', async () => {
  await nanos.request('worker', '/throws');
  const { text } = await nanos.control('/metrics', 'read');
  assert.match(text, /^nanos_app_requests_total\{[^}]*app="worker"[^}]*outcome="app_threw"[^}]*\} [1-9]\d*$/m);
});
