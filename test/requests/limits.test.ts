/** Limits as clients meet them: who goes over gets the code of the table, the next request works, and a neighbour notices nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Answer } from '../support/http-request.ts';
import { startNanos, temporaryFolder, writeFiles } from '../support/start-nanos.ts';

const MIB = 1024 * 1024;

/** By path: what runs on; each far past the 50 ms of CPU that a request has by default. */
const CPU_HOGS: Readonly<Record<string, string>> = {
  'loop': 'for (;;);',
  'loop-after-microtask': 'await null; for (;;);',
  'loop-after-timer': 'await new Promise((resolve) => setTimeout(resolve, 1)); for (;;);',
  'loop-after-host-call': `await crypto.subtle.digest('SHA-256', new Uint8Array(8)); for (;;);`,
  'loop-after-body': 'await request.text(); for (;;);',
  'loop-in-timer-callback': 'await new Promise(() => setTimeout(() => { for (;;); }, 1));',
  'loop-in-finally': 'try { for (;;); } finally { for (;;); }',
  'microtasks': 'await new Promise(() => { const again = () => { Promise.resolve().then(again); }; again(); });',
  'queue-microtask': 'await new Promise(() => { const again = () => queueMicrotask(again); again(); });',
  'async-recursion': 'const again = async () => { await null; return again(); }; await again();',
  'timer-chain': 'await new Promise(() => { const again = () => { spin(5); setTimeout(again, 0); }; again(); });',
  'accumulates-over-awaits': 'for (;;) { spin(2); await new Promise((resolve) => setTimeout(resolve, 1)); }',
  'accumulates-over-host-calls': `for (;;) { spin(2); await crypto.subtle.digest('SHA-256', new Uint8Array(8)); }`,
  // entries shorter than the watchdog looks: the sum over them counts
  'accumulates-in-small-steps': 'for (;;) { spin(0.2); await new Promise((resolve) => setTimeout(resolve, 0)); }',
  'regex': `/^(a+)+$/.exec('a'.repeat(40) + 'b');`,
  'sort': 'new Array(1e6).fill(0).map((_, index) => -index).sort(() => { for (;;); });',
  'generator': 'for (const _ of (function* () { for (;;) yield 0; })());',
  'getter-of-thrown': 'throw { get message() { for (;;); } };',
  'stack-of-thrown': 'throw Object.defineProperty(new Error(), "stack", { get() { for (;;); } });',
  'prepare-stack-trace': 'Error.prepareStackTrace = () => { for (;;); }; throw new Error("x");',
  'proxy-of-thrown': 'throw new Proxy({}, { get() { for (;;); }, getPrototypeOf() { for (;;); } });',
  'looping-thenable': 'return { then() { for (;;); } };',
  'then-getter': 'return { get then() { for (;;); } };',
  'to-string-of-header': 'return new Response("", { headers: { x: { toString() { for (;;); } } } });',
  'console-of-getter': 'console.log({ get a() { for (;;); }, toString() { for (;;); }, [Symbol.toStringTag]: "x" }); for (;;);',
  'json': 'JSON.stringify({ toJSON() { for (;;); } });',
};

const HOG = `
/** About as many ms on any machine that runs tests. */
function spin(ms) { let x = 1; for (let i = 0; i < ms * 800_000; i++) x = (Math.imul(x, 1103515245) + 12345) | 0; return x; }
const hogs = {
  ${Object.entries(CPU_HOGS).map(([path, body]) => `async '/${path}'(request) { ${body} }`).join(',\n  ')},
};
export default {
  fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === '/in-wait-until') { ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 1)).then(() => { for (;;); })); return new Response('early'); }
    if (pathname === '/in-pull') {
      let chunks = 0;
      return new Response(new ReadableStream({ pull(controller) { if (++chunks > 3) for (;;); controller.enqueue(new Uint8Array(1024)); } }));
    }
    return hogs[pathname]?.(request) ?? new Response('fine');
  },
};`;

const EATER = `
const kept = [];
const eaters = {
  '/arrays'() { for (;;) kept.push(new Array(10_000).fill(kept.length)); },
  '/strings'() { let text = 'x'; for (let i = 0; ; i++) kept.push((text + i).repeat(1000).split('').join('-')); },
  '/closures'() { for (;;) { const own = new Array(1000).fill(0); kept.push(() => own); } },
  '/buffers'() { for (;;) kept.push(new Uint8Array(1024 * 1024).fill(1)); },
  async '/after-await'() { for (;;) { await null; kept.push(new Array(10_000).fill({})); } },
};
export default {
  fetch(request) {
    const eat = eaters[new URL(request.url).pathname];
    return eat === undefined ? new Response('fine ' + kept.length) : eat();
  },
};`;

const TABLE = `
export default {
  fetch(request) {
    if (new URL(request.url).pathname !== '/grow') return new Response('fine');
    const map = new Map();
    for (let i = 0; ; i++) map.set({}, { i });
  },
};`;

/** A host's work for an app: bodies that inflate, and one that inflates between its two codings only and gives the app nothing to work on. */
const upstream = createServer((request, response) => {
  const bomb = bombs[request.url ?? ''];
  if (bomb === undefined) return void response.writeHead(404).end();
  response.writeHead(200, { 'content-encoding': bomb.coding });
  Readable.from(Array.from({ length: bomb.times }, () => bomb.member)).pipe(response).on('error', () => undefined);
});
const bombs: Readonly<Record<string, { readonly coding: string; readonly member: Buffer; readonly times: number }>> = {
  '/zeros': { coding: 'gzip', member: gzipSync(Buffer.alloc(32 * MIB)), times: 16 },
  '/nothing': { coding: 'gzip, gzip', member: gzipSync(Buffer.alloc(20 * MIB, gzipSync(''))), times: 16 },
};
upstream.listen(0, '127.0.0.1');
await once(upstream, 'listening');
after(() => {
  upstream.close();
  upstream.closeAllConnections();
});

const INFLATER = `
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === '/') return new Response('fine');
    let bytes = 0;
    for await (const chunk of (await fetch('http://127.0.0.1:${(upstream.address() as AddressInfo).port}' + pathname)).body) bytes += chunk.byteLength;
    return new Response(String(bytes));
  },
};`;

const HEADS = `
const huge = { headers: { x: 'a'.repeat(200_000) } };
export default {
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === '/') return new Response('fine');
    return new Response(pathname === '/whole' ? 'body' : new ReadableStream({ pull(controller) { controller.enqueue(new Uint8Array(1000)); } }), huge);
  },
};`;

const STEPS = `
function spin(ms) { let x = 1; for (let i = 0; i < ms * 800_000; i++) x = (Math.imul(x, 1103515245) + 12345) | 0; return x; }
export default {
  async fetch(request) {
    for (let left = Number(new URL(request.url).searchParams.get('steps')); left > 0; left--) {
      spin(3);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return new Response('fine');
  },
};`;

const SLOW = `
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default {
  async fetch(request) {
    switch (new URL(request.url).pathname) {
      case '/never': await new Promise(() => {});
      case '/forever': for (;;) await sleep(100);
      case '/never-thenable': return { then() {} };
      case '/stalled-body': return new Response(new ReadableStream({ start(controller) { controller.enqueue(new Uint8Array(10)); } }));
      default: return new Response('fine');
    }
  },
};`;

/** With 10 ms of work before and after. */
const SLEEPER = `
function spin(ms) { let x = 1; for (let i = 0; i < ms * 800_000; i++) x = (Math.imul(x, 1103515245) + 12345) | 0; return x; }
export default {
  async fetch(request) {
    spin(5);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    spin(5);
    return new Response('slept');
  },
};`;

const GATE = `
let inside = 0;
export default {
  async fetch(request) {
    if (new URL(request.url).pathname !== '/hold') return new Response('fine');
    console.log('inside ' + ++inside);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    return new Response('held');
  },
};`;

const READER = `export default { async fetch(request) { return new Response(String((await request.arrayBuffer()).byteLength)); } };`;

const CONFIG = `
tenants:
  eater: { limits: { memory: 32MB, cpu_ms: 20000 } }
  table: { limits: { memory: 32MB, cpu_ms: 20000 } }
  steps: { limits: { cpu_ms: 20000 } }
  inflater: { egress: { private: [loopback] } }
`;

const root = await temporaryFolder({ after });
await writeFiles(root, { 'nanos.yaml': CONFIG });
const nanos = await startNanos({ after }, {
  root,
  args: ['--config', join(root, 'nanos.yaml')],
  files: {
    'hog/index.js': HOG,
    'hog2/index.js': HOG,
    'eater/index.js': EATER,
    'table/index.js': TABLE,
    'slow/index.js': SLOW,
    'heads/index.js': HEADS,
    'steps/index.js': STEPS,
    'inflater/index.js': INFLATER,
    'slow/app.nano': 'name: slow\nlimits: { wall_ms: 400 }\n',
    'sleeper/index.js': SLEEPER,
    'gate/index.js': GATE,
    'gate/app.nano': 'name: gate\nlimits: { in_flight: 2, queued: 3 }\n',
    'reader/index.js': READER,
    'reader/app.nano': 'name: reader\nlimits: { body: 64KB }\n',
    'neighbour/index.js': `export default { fetch: () => new Response('neighbour') };`,
  },
});

function assertRefused({ status, headers, text }: Answer, expectedStatus: number, code: string): void {
  assert.deepEqual([status, headers['x-nanos-error']], [expectedStatus, code], text);
  assert.equal((JSON.parse(text) as { error: { code: string } }).error.code, code);
}

/** Another app is asked over and over meanwhile, and answers every time. */
async function withNeighbour(run: () => Promise<void>): Promise<void> {
  let running = true;
  let asked = 0;
  const ask = async (): Promise<void> => {
    while (running) {
      const { status, text } = await nanos.request('neighbour');
      assert.deepEqual([status, text], [200, 'neighbour']);
      asked++;
    }
  };
  const asking = ask();
  try {
    await run();
  } finally {
    running = false;
    await asking;
  }
  assert.ok(asked > 0);
}

/** The host may take a moment to tell all cells. */
async function firstRefusal(app: string): Promise<Answer> {
  for (;;) {
    const answer = await nanos.request(app);
    if (answer.status !== 200) return answer;
  }
}

async function assertWorks(app: string): Promise<void> {
  const { status, text } = await nanos.request(app);
  assert.equal(status, 200, text);
  assert.match(text, /^fine/);
}

describe('cpu_limit', () => {
  for (const path of Object.keys(CPU_HOGS)) {
    test(path, () =>
      withNeighbour(async () => {
        assertRefused(await nanos.request('hog', `/${path}`, { method: 'POST', body: 'body' }), 503, 'cpu_limit');
        await assertWorks('hog');
      }));
  }

  test('in waitUntil: the response is there, the isolate is ended, the next request works', () =>
    withNeighbour(async () => {
      const from = nanos.logs().length;
      assert.equal((await nanos.request('hog', '/in-wait-until')).text, 'early');
      const ended = await nanos.waitForLog(({ event, app }) => event === 'isolate_ended' && app === 'hog', from);
      assert.equal(ended['code'], 'cpu_limit');
      await assertWorks('hog');
    }));

  test('in the pull of a response stream: the connection is cut', () =>
    withNeighbour(async () => {
      await assert.rejects(nanos.request('hog', '/in-pull'), { code: 'ECONNRESET' });
      await assertWorks('hog');
    }));

  test('others in that isolate get app_restarted, or are tried again; none hangs', async () => {
    const waiting = Array.from({ length: 5 }, () => nanos.request('hog', '/loop-after-timer'));
    const answers = await Promise.all([...waiting, ...Array.from({ length: 20 }, () => nanos.request('hog'))]);
    for (const { status, headers, text } of answers) {
      if (status === 200) assert.equal(text, 'fine');
      else assert.ok(status === 503 && ['cpu_limit', 'app_restarted'].includes(String(headers['x-nanos-error'])), text);
    }
    assert.ok(answers.filter(({ headers }) => headers['x-nanos-error'] === 'cpu_limit').length >= 1);
    await assertWorks('hog');
  });
});

describe('work of the host for an app', () => {
  for (const [path, what] of [['/zeros', 'a body that inflates to 512 MB'], ['/nothing', 'a body that grows between its codings and yields nothing']] as const) {
    test(`${what} ends in cpu_limit`, () =>
      withNeighbour(async () => {
        assertRefused(await nanos.request('inflater', path), 503, 'cpu_limit');
        await assertWorks('inflater');
      }));
  }
});

describe('responseHeaderBytesMax', () => {
  for (const path of ['/whole', '/streamed']) {
    test(`${path}: past it the client gets app_threw, and it is counted and logged as that`, async () => {
      const from = nanos.logs().length;
      const { status, headers } = await nanos.request('heads', path);
      assert.deepEqual([status, headers['x-nanos-error']], [500, 'app_threw']);
      const line = await nanos.waitForLog(({ app, level }) => app === 'heads' && level === 'error', from);
      assert.match(line.message ?? '', /can't be sent: headers are longer than 131072 bytes/);
      assert.equal(line['request_id'], headers['x-request-id']);
      await assertWorks('heads');
    });
  }

  test('what was counted', async () => {
    const { text } = await nanos.control('/metrics');
    assert.match(text, /^nanos_app_requests_total\{app="heads",outcome="app_threw"\} 2$/m);
    assert.match(text, /^nanos_app_requests_total\{app="heads",outcome="ok"\} 2$/m);
  });
});

describe('charged CPU', () => {
  const chargedSeconds = async (app: string): Promise<number> => Number(new RegExp(`^nanos_app_cpu_seconds_sum\\{app="${app}"\\} (\\S+)$`, 'm').exec((await nanos.control('/metrics')).text)?.[1]);

  test('is the sum over the entries of a request', async () => {
    await nanos.request('steps', '/?steps=5');
    const start = await chargedSeconds('steps');
    await nanos.request('steps', '/?steps=1');
    const one = await chargedSeconds('steps');
    await nanos.request('steps', '/?steps=100');
    const hundred = await chargedSeconds('steps');
    assert.ok(one > start);
    assert.ok(hundred - one > 20 * (one - start), `100 steps: ${hundred - one} s, one: ${one - start} s`);
  });
});

describe('memory_limit', () => {
  for (const path of ['arrays', 'strings', 'closures', 'after-await']) {
    test(path, () =>
      withNeighbour(async () => {
        assertRefused(await nanos.request('eater', `/${path}`), 503, 'memory_limit');
        await assertWorks('eater');
      }));
  }

  test('buffers: over the limit, or the allocation fails inside the app', () =>
    withNeighbour(async () => {
      const answer = await nanos.request('eater', '/buffers');
      if (answer.status === 500) assertRefused(answer, 500, 'app_threw');
      else assertRefused(answer, 503, 'memory_limit');
      for (let i = 0; i < 5; i++) await nanos.request('eater', '/buffers');
      await assertWorks('eater');
    }));
});

describe('memory that V8 can not refuse', () => {
  // V8 gives up on a table that can't be doubled, and parks the thread for ever
  test('one table that grows without end: memory_limit and a fresh isolate; the second time held back; neighbours are served all the time', () =>
    withNeighbour(async () => {
      assertRefused(await nanos.request('table', '/grow'), 503, 'memory_limit');
      await assertWorks('table');
      await nanos.waitForLog(({ event, message }) => event === 'cell_replaced' && message?.includes('table') === true);
      await assertWorks('table');
      assertRefused(await nanos.request('table', '/grow'), 503, 'memory_limit');
      await nanos.waitForLog(({ event, app }) => event === 'app_quarantined' && app === 'table');
      const answer = await firstRefusal('table');
      assertRefused(answer, 503, 'quarantined');
      assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/);
    }));
});

describe('wall_limit', () => {
  for (const path of ['never', 'forever', 'never-thenable']) {
    test(path, () =>
      withNeighbour(async () => {
        assertRefused(await nanos.request('slow', `/${path}`), 504, 'wall_limit');
        await assertWorks('slow');
      }));
  }

  test('a body that stands still is cut off', async () => {
    await assert.rejects(nanos.request('slow', '/stalled-body'), { code: 'ECONNRESET' });
    await assertWorks('slow');
  });
});

describe('time asleep is free', () => {
  test('a handler that sleeps 5 s and works 10 ms is served, also beside two hogs', async () => {
    let sleeping = true;
    const hog = async (app: string): Promise<number> => {
      let hogged = 0;
      while (sleeping) {
        const { headers } = await nanos.request(app, '/loop');
        if (headers['x-nanos-error'] === 'cpu_limit') hogged++;
      }
      return hogged;
    };
    const hogs = [hog('hog'), hog('hog2')];
    const answers = await Promise.all(Array.from({ length: 3 }, () => nanos.request('sleeper')));
    sleeping = false;
    assert.deepEqual(answers.map(({ status, text }) => [status, text]), [[200, 'slept'], [200, 'slept'], [200, 'slept']]);
    for (const hogged of await Promise.all(hogs)) assert.ok(hogged > 0);
  });
});

describe('overloaded', () => {
  test('past the queue requests are refused at once, and those before it are served', async () => {
    await assertWorks('gate');
    const inside = nanos.waitForLog(({ app, message }) => app === 'gate' && message === 'inside 2');
    const held = [nanos.request('gate', '/hold'), nanos.request('gate', '/hold')];
    await inside;
    const answers = await Promise.all(Array.from({ length: 10 }, () => nanos.request('gate')));
    const served = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status !== 200);
    assert.equal(served.length, 3);
    for (const answer of refused) {
      assertRefused(answer, 503, 'overloaded');
      assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/);
    }
    for (const { text } of await Promise.all(held)) assert.equal(text, 'held');
    await assertWorks('gate');
  });
});

describe('body_too_large', () => {
  const chunked = (bytes: number): Promise<Answer> => nanos.request('reader', '/', { method: 'POST', body: new Uint8Array(bytes), headers: { 'transfer-encoding': 'chunked' } });
  const sized = (bytes: number): Promise<Answer> => nanos.request('reader', '/', { method: 'POST', body: new Uint8Array(bytes) });

  for (const [name, send] of [['Content-Length', sized], ['chunked', chunked]] as const) {
    test(`${name}: at the limit and one byte past it`, async () => {
      assert.equal((await send(64 * 1024)).text, `${64 * 1024}`);
      assertRefused(await send(64 * 1024 + 1), 413, 'body_too_large');
      assert.equal((await send(1)).text, '1');
    });
  }

  test('a Content-Length of 10 GB, of which nothing is sent', async () => {
    const request = httpRequest({ host: '127.0.0.1', port: nanos.appsPort, method: 'POST', agent: false, headers: { host: 'reader.localhost', 'content-length': 10 * 1024 * MIB } });
    request.on('error', () => undefined);
    request.flushHeaders();
    const [response] = (await once(request, 'response')) as [{ statusCode: number; headers: Record<string, string> }];
    assert.deepEqual([response.statusCode, response.headers['x-nanos-error'], response.headers['connection']], [413, 'body_too_large', 'close']);
    request.destroy();
  });
});
