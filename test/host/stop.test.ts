/** The end of a host: what is in flight is finished, within the grace. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Nanos, startNanos, temporaryFolder, writeFiles } from '../support/start-nanos.ts';

const HALF_BYTES = 4 * 1024 * 1024;
const files = {
  'slow/index.js': `export default { async fetch(request) {
    console.log('began');
    await new Promise((resolve) => setTimeout(resolve, Number(new URL(request.url).searchParams.get('ms'))));
    return new Response('done ' + (await request.text()));
  } };`,
  'large/index.js': `const half = new Uint8Array(${HALF_BYTES}).fill(120);
const whole = new Uint8Array(${2 * HALF_BYTES}).fill(120);
export default { fetch(request) {
  console.log('began');
  if (new URL(request.url).pathname === '/whole') return new Response(whole);
  return new Response(new ReadableStream({ start(controller) { controller.enqueue(half); controller.enqueue(half.slice()); controller.close(); } }));
} };`,
  'later/index.js': `export default { fetch(request, env, context) {
    context.waitUntil((async () => { await new Promise((resolve) => setTimeout(resolve, 500)); console.log('after the answer'); })());
    return new Response('answered');
  } };`,
};

function began(nanos: Nanos, app: string): Promise<unknown> {
  return nanos.waitForLog((line) => line.app === app && line.message === 'began');
}

function refused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.on('connect', () => (socket.destroy(), resolve(false)));
    socket.on('error', () => resolve(true));
  });
}

async function untilRefused(port: number): Promise<void> {
  while (!(await refused(port))) await sleep(20);
}

/** Reads nothing of the answer yet. */
async function askSlowly(nanos: Nanos, path: string): Promise<Socket> {
  const socket = await nanos.connect();
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nhost: large.localhost\r\n\r\n`);
  await began(nanos, 'large');
  return socket;
}

async function answerOf(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  socket.on('data', (data: Buffer) => parts.push(data));
  socket.resume();
  await once(socket, 'close');
  return Buffer.concat(parts);
}

test('a request in flight is answered, new connections are refused, and the exit status is 0', async (t) => {
  const nanos = await startNanos(t, { files });
  const { appsPort } = nanos;
  const answer = nanos.request('slow', '/?ms=1500', { method: 'POST', body: 'with a body' });
  await began(nanos, 'slow');
  const exit = nanos.stop();
  await untilRefused(appsPort);
  const { status, text, headers } = await answer;
  assert.deepEqual([status, text, headers.connection], [200, 'done with a body', 'close']);
  assert.deepEqual(await exit, { code: 0, signal: null });
  assert.deepEqual(nanos.logs().slice(-2).map(({ event }) => event), ['host_closing', 'host_closed']);
});

for (const path of ['/whole', '/streamed']) {
  test(`a large answer (${path}) reaches a client that is slow to read`, async (t) => {
    const nanos = await startNanos(t, { files });
    const socket = await askSlowly(nanos, path);
    const exit = nanos.stop();
    await untilRefused(nanos.appsPort);
    // time enough to end too early
    await sleep(500);
    const answer = await answerOf(socket);
    assert.match(answer.subarray(0, 200).toString('latin1'), /^HTTP\/1\.1 200 /);
    assert.ok(answer.length >= 2 * HALF_BYTES);
    assert.deepEqual(await exit, { code: 0, signal: null });
  });
}

test('idle connections are closed at once, and waitUntil is waited for', async (t) => {
  const nanos = await startNanos(t, { files });
  const socket = await nanos.connect();
  socket.write('GET / HTTP/1.1\r\nhost: later.localhost\r\n\r\n');
  await once(socket, 'data');
  const closed = once(socket.resume(), 'close');
  assert.deepEqual(await nanos.stop(), { code: 0, signal: null });
  await closed;
  assert.ok(nanos.logs().some(({ message }) => message === 'after the answer'));
});

test('a request that outlasts the grace does not keep the host', async (t) => {
  const nanos = await startNanos(t, { files, args: ['--grace', '1'] });
  const answer = nanos.request('slow', '/?ms=25000').catch((error: NodeJS.ErrnoException) => error.code);
  await began(nanos, 'slow');
  assert.deepEqual(await nanos.stop(), { code: 0, signal: null });
  assert.equal(await answer, 'ECONNRESET');
});

test('a second signal ends it at once, with status 1', async (t) => {
  const nanos = await startNanos(t, { files, args: ['--grace', '600'] });
  const answer = nanos.request('slow', '/?ms=25000').catch((error: NodeJS.ErrnoException) => error.code);
  await began(nanos, 'slow');
  nanos.signal('SIGTERM');
  await nanos.waitForStderr(/Again to stop at once/);
  nanos.signal('SIGINT');
  assert.deepEqual(await nanos.exited, { code: 1, signal: null });
  assert.equal(await answer, 'ECONNRESET');
});

test('a signal while it starts ends it, too, and nothing of it is left', async (t) => {
  const root = await temporaryFolder(t);
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`app-${index}/index.js`, `export default { fetch: () => new Response('${index}') };`]));
  await writeFiles(join(root, 'apps'), many);
  const nanos = new Nanos(root, {});
  t.after(() => nanos.kill());
  await nanos.waitForLog(({ event }) => event === 'app_serving');
  const children = existsSync('/proc/self/environ') ? [...nanos.pids('cell'), ...nanos.pids('builder')] : [];
  assert.deepEqual(await nanos.stop(), { code: 0, signal: null });
  assert.equal(nanos.logs().at(-1)?.event, 'host_closed');
  assert.deepEqual(children.filter((pid) => existsSync(`/proc/${pid}/exe`)), []);
});
