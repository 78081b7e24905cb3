/** Several cells, an owner for each app: where requests go, what they carry there and back, and what happens when cells go. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppOwners } from '../../src/host/app-owners.ts';
import { FRAME, frame } from '../../src/protocol/forward-frames.ts';
import { ConstantLoad } from '../support/constant-load.ts';
import { everyCell } from '../support/every-cell.ts';
import type { Answer } from '../support/http-request.ts';
import { rawExchange } from '../support/raw-exchange.ts';
import { startNanos, temporaryFolder, writeFiles, type Nanos } from '../support/start-nanos.ts';

const linux = { skip: existsSync('/proc/self/environ') ? false : 'needs /proc' };

const STEADY = `export default { async fetch() { await new Promise((resolve) => setTimeout(resolve, 2)); return new Response('steady'); } };`;
const SLOW = `export default { async fetch() { console.log('inside'); await new Promise((resolve) => setTimeout(resolve, 1_500)); return new Response('slow'); } };`;
const MIRROR = `export default { async fetch(request) {
  const { pathname } = new URL(request.url);
  const told = { method: request.method, url: request.url, headers: [...request.headers] };
  if (pathname === '/odd') return new Response('odd', { status: 299, statusText: 'Very Odd', headers: [['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['x-latin', '\\xe9'], ['X-Upper', 'Kept']] });
  if (pathname === '/throws') throw new Error('thrown');
  if (pathname === '/bad-head') return new Response(null, { headers: { 'x-big': 'x'.repeat(100_000) } });
  return Response.json(told);
} };`;
const ECHO = `export default { fetch(request) { return new Response(request.body, { headers: { 'x-kind': 'echo' } }); } };`;
const ENDLESS = `export default { fetch(request) {
  request.signal.addEventListener('abort', () => console.log('left ' + new URL(request.url).search));
  const chunk = new Uint8Array(65536);
  return new Response(new ReadableStream({ pull(controller) { controller.enqueue(chunk); } }));
} };`;
const BREAKS = `export default { fetch() {
  let chunks = 0;
  return new Response(new ReadableStream({ pull(controller) { if (chunks++ < 3) controller.enqueue(new Uint8Array(1000)); else controller.error(new Error('broken')); } }));
} };`;
const COUNTER = `let count = 0; let scheduled = 0;
export default {
  async fetch(request) {
    if (new URL(request.url).pathname === '/put') await caches.default.put('http://cache.invalid/', new Response('kept', { headers: { 'cache-control': 'max-age=600' } }));
    return Response.json({ count: ++count, scheduled, cached: (await caches.default.match('http://cache.invalid/')) !== undefined });
  },
  scheduled() { scheduled++; },
};`;
const NARROW = `export default { async fetch() { await new Promise((resolve) => setTimeout(resolve, 20)); return new Response('narrow'); } };`;

async function residents(nanos: Nanos, app: string): Promise<number> {
  return ((await nanos.control(`/v1/apps/${app}`)).json() as { residents: number }).residents;
}

/** Where the app lives as long as no cell was lost: the slot, which is also the place among the cells' processes. */
function slotOf(app: string, cells: number): number {
  return new AppOwners({ cells: Array.from({ length: cells }, (_, slot) => slot + 1), apart: undefined, hot: [] }).of(app)[0]!;
}

/** A name, of those with that beginning, that lives there. */
function nameIn(slot: number, cells: number, beginning: string): string {
  return Array.from({ length: 50 }, (_, index) => `${beginning}-${index}`).find((name) => slotOf(name, cells) === slot)!;
}

const caller = nameIn(0, 2, 'caller');
const callee = nameIn(1, 2, 'callee');
const files = {
  'mirror/index.js': MIRROR,
  'echo/index.js': ECHO,
  'endless/index.js': ENDLESS,
  'breaks/index.js': BREAKS,
  'counter/index.js': COUNTER,
  'narrow/index.js': NARROW,
  'narrow/app.nano': 'name: narrow\nmain: index.js\nlimits: { in_flight: 1 }\n',
  [`${callee}/index.js`]: ECHO,
  [`${caller}/index.js`]: `export default { async fetch(request, env) {
    const answer = await env.CALLEE.fetch('http://callee.invalid/', { method: 'POST', body: request.body });
    return new Response(answer.body, { headers: { 'x-from': answer.headers.get('x-kind') } });
  } };`,
  [`${caller}/wrangler.json`]: JSON.stringify({ name: caller, main: 'index.js', services: [{ binding: 'CALLEE', service: callee }] }),
};
const root = await temporaryFolder({ after });
await writeFiles(root, { 'nanos.yaml': `limits: { cpu_ms: 1000 }\ntenants:\n  ${caller}: { bindings: { CALLEE: { type: service, service: ${callee} } } }\n` });
const nanos = await startNanos({ after }, { root, files, args: ['--cells', '2', '--config', join(root, 'nanos.yaml')] });

describe('two cells', linux, () => {
  test('an app has one isolate, one state and one cache, whichever cell took the connection', linux, async (t) => {
    const counts: number[] = [];
    const agents = await everyCell(t, nanos, 2, 'mirror');
    await nanos.request('counter', '/put');
    for (let turn = 0; turn < 10; turn++) {
      const { count, cached } = (await nanos.request('counter', '/', { agent: agents[turn % 2]! })).json() as { count: number; cached: boolean };
      assert.equal(cached, true);
      counts.push(count);
    }
    assert.deepEqual(counts, Array.from({ length: 10 }, (_, index) => counts[0]! + index));
    assert.equal(await residents(nanos, 'counter'), 1);
  });

  test('a scheduled event goes where the app lives', linux, async () => {
    for (let turn = 0; turn < 3; turn++) assert.equal(await trigger(nanos, 'counter'), undefined);
    assert.equal(((await nanos.request('counter')).json() as { scheduled: number }).scheduled, 3);
    assert.equal(await residents(nanos, 'counter'), 1);
  });

  test('request and answer are the same by either cell, byte for byte', linux, async () => {
    const heads = [
      'GET /?q=%20 HTTP/1.1\r\nHost: MIRROR.localhost:1234\r\nX-Twice: 1\r\nx-twice: 2\r\nCookie: a=1\r\nCookie: b=2\r\nX-Latin: \xe9\r\nConnection: close\r\n\r\n',
      'GET http://mirror.localhost/absolute HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n',
      'GET /odd HTTP/1.1\r\nHost: mirror.localhost\r\nConnection: close\r\n\r\n',
      'HEAD /odd HTTP/1.1\r\nHost: mirror.localhost\r\nConnection: close\r\n\r\n',
      'GET /throws HTTP/1.1\r\nHost: mirror.localhost\r\nAccept: text/html\r\nConnection: close\r\n\r\n',
      'GET /bad-head HTTP/1.1\r\nHost: mirror.localhost\r\nConnection: close\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: echo.localhost\r\nTransfer-Encoding: chunked\r\nTrailer: x-end\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\nx-end: 1\r\n\r\n',
      // fields with which somebody might try to speak to the other cell
      'GET / HTTP/1.1\r\nHost: mirror.localhost\r\nX-Nanos-App: echo\r\nX-Nanos-Forwarded: 1\r\nX-Request-Id: mine\r\nForwarded: for=1.2.3.4\r\nConnection: close, x-twice\r\nX-Twice: 1\r\n\r\n',
    ];
    for (const head of heads) {
      const byCell = new Map<string, string>();
      while (byCell.size < 2) {
        const answer = await rawExchange(nanos.connect(), head);
        const id = /x-request-id: (\S+)/.exec(answer)?.[1] ?? '';
        byCell.set(id.slice(-8), answer.replaceAll(id, 'ID').replace(/^date: .*$/im, ''));
      }
      const [one, other] = byCell.values();
      assert.equal(one, other);
    }
  });

  test('large bodies come through whole, both ways, also from app to app', linux, async (t) => {
    const body = randomBytes(6_000_000);
    for (const agent of await everyCell(t, nanos, 2, 'mirror')) {
      for (const app of ['echo', caller]) {
        const answer = await nanos.request(app, '/', { agent, method: 'POST', body });
        assert.equal(answer.status, 200, answer.text.slice(0, 200));
        assert.ok(answer.body.equals(body));
        if (app === caller) assert.equal(answer.headers['x-from'], 'echo');
      }
    }
    assert.deepEqual([await residents(nanos, caller), await residents(nanos, callee)], [1, 1]);
  });

  test('a client that leaves ends the answer where the app lives', linux, async () => {
    const from = nanos.logs().length;
    const cells = new Set<string>();
    for (let turn = 0; cells.size < 2; turn++) {
      const socket = await nanos.connect();
      socket.write(`GET /?${turn} HTTP/1.1\r\nHost: endless.localhost\r\n\r\n`);
      const [head] = (await once(socket, 'data')) as [Buffer];
      cells.add(/x-request-id: \S+(\S{8})\r/i.exec(head.toString('latin1'))?.[1] ?? '');
      socket.destroy();
      await nanos.waitForLog(({ app, message }) => app === 'endless' && message === `left ?${turn}`, from);
    }
  });

  test('a body that breaks off does so for the client too', linux, async () => {
    for (let turn = 0; turn < 8; turn++) {
      const text = await rawExchange(nanos.connect(), 'GET / HTTP/1.1\r\nHost: breaks.localhost\r\nConnection: close\r\n\r\n');
      assert.match(text, /^HTTP\/1\.1 200 /);
      assert.ok(!text.endsWith('0\r\n\r\n'));
    }
  });

  test('nobody but a cell is listened to', linux, async () => {
    const folder = join(nanos.dataFolder, 'cells');
    assert.equal(statSync(folder).mode & 0o007, 0);
    const request = frame(FRAME.request, JSON.stringify({ app: 'mirror', requestId: 'x', method: 'GET', url: 'http://a/', headers: [], body: 'none' }));
    const first = [[], [frame(FRAME.hello, 'no such key')], [frame(FRAME.hello, '')], [frame(FRAME.data, 'x')]];
    for (const socketFile of readdirSync(folder)) {
      for (const frames of first) {
        const socket = connect(join(folder, socketFile));
        let told = 0;
        socket.on('error', () => undefined).on('data', ({ length }) => (told += length));
        socket.write(Buffer.concat([...frames, request]));
        await once(socket, 'close');
        assert.equal(told, 0);
      }
    }
  });

  test('an app that has more to do than its cell can take gets another one', linux, async (t) => {
    assert.equal(await residents(nanos, 'narrow'), 0);
    const load = new ConstantLoad(t, nanos, 'narrow', '/');
    const event = await nanos.waitForLog(({ event: name, app }) => name === 'app_owners' && app === 'narrow');
    assert.equal(event['owners'], 2);
    while ((await residents(nanos, 'narrow')) < 2) await sleep(20);
    assert.deepEqual(await load.end(), { failures: [], unusual: [] });
  });
});

/** A size check of V8 ends the process (SIGTRAP). */
const ABORTS = `const abort = () => 'a'.repeat(2 ** 28).split('').sort().length;
export default {
  fetch(request) { return new Response(new URL(request.url).pathname === '/kill' ? String(abort()) : 'fine'); },
  scheduled() { abort(); },
};`;

async function kill(nanos: Nanos, app: string): Promise<Answer | undefined> {
  return nanos.request(app, '/kill').catch(() => undefined);
}

/** The error with which the app's handler ends, or undefined. */
async function trigger(nanos: Nanos, app: string): Promise<string | undefined> {
  const body = JSON.stringify({ cron: '* * * * *' });
  const { text, status } = await nanos.control(`/v1/apps/${app}/trigger`, 'admin', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  return status === 204 ? undefined : (JSON.parse(text) as { error: { code: string } }).error.code;
}

async function bothServe(nanos: Nanos, cells: number): Promise<void> {
  while (nanos.pids('cell').length !== cells || ((await nanos.control('/v1/status')).json() as { cells: number }).cells !== cells) await sleep(20);
}

describe('a cell goes', () => {
  test('by an app: from then on that one lives apart, and the next time takes nobody’s request with it', linux, async (t) => {
    const own = await startNanos(t, { files: { 'aborts/index.js': ABORTS, 'steady/index.js': STEADY, 'firm/index.js': STEADY }, args: ['--cells', '2'] });
    await kill(own, 'aborts');
    const apart = await own.waitForLog(({ event }) => event === 'app_set_apart');
    assert.equal(apart.app, 'aborts');
    await bothServe(own, 2);
    assert.equal((await own.request('aborts')).text, 'fine');
    const loads = ['steady', 'firm'].map((app) => new ConstantLoad(t, own, app, '/'));
    await loads[0]?.answered(100);
    const from = own.logs().length;
    assert.equal((await kill(own, 'aborts'))?.headers['x-nanos-error'], 'app_restarted');
    await own.waitForLog(({ event }) => event === 'cell_died', from);
    await loads[1]?.answered(100);
    await bothServe(own, 2);
    for (const load of loads) assert.deepEqual(await load.end(), { failures: [], unusual: [] });
    assert.equal((await kill(own, 'aborts'))?.headers['x-nanos-error'], 'quarantined');
    // a new version is in good standing
    await own.write('aborts/index.js', STEADY);
    await own.waitForLog(({ event, app }) => event === 'app_serving' && app === 'aborts', from);
    for (let turn = 0; turn < 20; turn++) assert.equal((await own.request('aborts')).text, 'steady');
  });

  test('by a scheduled handler: that is told, and the next one takes no other cell with it', linux, async (t) => {
    const own = await startNanos(t, { files: { 'aborts/index.js': ABORTS, 'steady/index.js': STEADY }, args: ['--cells', '2'] });
    assert.equal(await trigger(own, 'aborts'), 'app_restarted');
    assert.equal(await trigger(own, 'aborts'), 'overloaded');
    await bothServe(own, 2);
    assert.equal(own.logs().filter(({ event }) => event === 'cell_died').length, 1);
    assert.equal((await own.request('steady')).text, 'steady');
  });

  test('by kill -9, of three: its apps are answered elsewhere, and live there again when the next one is there', linux, async (t) => {
    const names = [0, 1, 2].map((slot) => nameIn(slot, 3, 'app'));
    const own = await startNanos(t, { files: Object.fromEntries(names.map((name) => [`${name}/index.js`, STEADY])), args: ['--cells', '3'] });
    for (const name of names) await own.request(name);
    const loads = names.map((name) => new ConstantLoad(t, own, name, '/'));
    for (const load of loads) await load.answered(50);
    process.kill(own.pidOf('cell', 1), 'SIGKILL');
    await own.waitForLog(({ event }) => event === 'cell_died');
    for (const load of loads) await load.answered(100);
    await bothServe(own, 3);
    for (const load of loads) await load.answered(50);
    for (const load of loads) {
      const { failures, unusual } = await load.end();
      assert.ok(failures.every((code) => code === 'ECONNRESET'), failures.join(', '));
      assert.ok(unusual.every((text) => text.includes('app_restarted')), unusual.join(', '));
      assert.ok(failures.length + unusual.length <= 2 * ConstantLoad.lanes);
    }
    for (const name of names) while ((await residents(own, name)) !== 1) await sleep(20);
  });

  test('by standing still: what waits for it is answered by the next one, others do not wait', linux, async (t) => {
    const [waiting, other] = [nameIn(0, 2, 'app'), nameIn(1, 2, 'app')];
    const own = await startNanos(t, { files: { [`${waiting}/index.js`]: STEADY, [`${other}/index.js`]: STEADY }, args: ['--cells', '2', '--grace', '1'] });
    const agents = await everyCell(t, own, 2, other);
    const from = own.logs().length;
    process.kill(own.pidOf('cell'), 'SIGSTOP');
    const alive = await Promise.any(agents.map((agent) => own.request(other, '/', { agent }).then(() => agent)));
    let isAnswered = false;
    const answer = own.request(waiting, '/', { agent: alive }).then((text) => ((isAnswered = true), text));
    await sleep(100);
    assert.equal(isAnswered, false);
    await own.waitForLog(({ event, message }) => event === 'cell_replaced' && message === 'fell silent', from);
    assert.equal((await answer).text, 'steady');
    assert.equal((await own.request(other, '/', { agent: alive })).text, 'steady');
  });

  test('with the host: what is under way is answered, wherever it is', linux, async (t) => {
    const own = await startNanos(t, { files: { 'slow/index.js': SLOW }, args: ['--cells', '2'] });
    // every other client asks first whether it may send its body
    const answers = Array.from({ length: 12 }, (_, index) => own.request('slow', '/', index % 2 === 0 ? {} : { method: 'POST', body: 'body', headers: { expect: '100-continue' } }));
    for (let inside = 0; inside < 12; inside = own.logs().filter(({ app, message }) => app === 'slow' && message === 'inside').length) await sleep(10);
    const { code } = await own.stop();
    assert.equal(code, 0);
    assert.deepEqual((await Promise.all(answers)).map(({ text }) => text), answers.map(() => 'slow'));
  });

  for (const cells of [2, 3]) {
    test(`a new version is swapped in under load without a failed request, with ${cells} cells`, linux, async (t) => {
      const own = await startNanos(t, { files: { 'steady/index.js': STEADY }, args: ['--cells', `${cells}`] });
      const load = new ConstantLoad(t, own, 'steady', '/');
      for (let version = 0; version < 3; version++) {
        await load.answered(50);
        const from = own.logs().length;
        await own.write('steady/index.js', STEADY.replace('2)', `${3 + version})`));
        await own.waitForLog(({ event }) => event === 'app_serving', from);
      }
      await load.answered(50);
      assert.deepEqual(await load.end(), { failures: [], unusual: [] });
    });
  }
});
