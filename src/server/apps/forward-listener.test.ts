/** Requests to an app of another cell: what is of the way itself, then all that holds for an app in this cell. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ServiceSink } from '../../apps/run/service-sink.ts';
import type { AppHandler, AppRequest } from '../../protocol/app-call.ts';
import { NanosError } from '../../protocol/errors.ts';
import { FRAME, frame } from '../../protocol/forward-frames.ts';
import { ForwardLine } from './forward-line.ts';
import { ForwardListener } from './forward-listener.ts';
import { road } from './test-road.ts';

const KEY = 'key';
const WAIT_MS = 30_000;
const folder = mkdtempSync(join(tmpdir(), 'nanos-forward-'));
const apps = new Map<string, AppHandler>();
const owner = new ForwardListener(KEY, (name) => apps.get(name));
const path = join(folder, 'owner');
owner.server.listen(path);
await once(owner.server, 'listening');
const line = new ForwardLine(path, KEY);

after(() => {
  owner.server.close();
  line.renew();
  rmSync(folder, { recursive: true });
});

road.to = (app) => {
  const name = `app-${apps.size}`;
  apps.set(name, app);
  return { handle: (request, sink) => line.send(name, request, sink, { unreachable: () => app.handle(request, sink), lost: () => undefined }, WAIT_MS) };
};

const hello = frame(FRAME.hello, KEY);
const welcome = frame(FRAME.welcome);
const GET: AppRequest = { requestId: 'r', method: 'GET', url: 'http://a/', headers: [], body: null };

/** The error with which a call on that line ends. */
async function failureOf(way: ForwardLine, app: string, lost: NanosError[] = [], waitMs = WAIT_MS): Promise<unknown> {
  const sink = new ServiceSink('GET');
  way.send(app, GET, sink, { unreachable: (why) => sink.fail(new NanosError('overloaded', why)), lost: (error) => lost.push(error) }, waitMs);
  return sink.answer.then(() => undefined, (error: unknown) => error);
}

describe('the way to another cell', () => {
  it('carries what a client is told, and what it is told in development', async () => {
    const failures: unknown[] = [];
    apps.set('fails', { handle: (_request, sink) => sink.fail(new NanosError('overloaded', 'Not now', { retryAfterS: 7 }), 'the stack') });
    const sink = new ServiceSink('GET');
    sink.answer.catch(() => undefined);
    const told = new Promise<void>((resolve) => {
      sink.fail = (...failure) => {
        failures.push(...failure);
        resolve();
      };
    });
    line.send('fails', GET, sink, { unreachable: () => assert.fail('unreachable'), lost: () => assert.fail('lost') }, WAIT_MS);
    await told;
    const [error, stack] = failures;
    assert.ok(error instanceof NanosError && error.code === 'overloaded' && error.message === 'Not now' && error.retryAfterS === 7);
    assert.equal(stack, 'the stack');
  });

  it('carries no more of an error than a frame holds', async () => {
    apps.set('verbose', { handle: (_request, sink) => sink.fail(new NanosError('app_threw', '\u0000'.repeat(3_000_000)), 'x'.repeat(3_000_000)) });
    const error = await failureOf(line, 'verbose');
    assert.ok(error instanceof NanosError && error.code === 'app_threw' && error.message.length === 128 * 1024);
  });

  it('is asked for an app that the other cell does not have', async () => {
    const error = await failureOf(line, 'nobody');
    assert.ok(error instanceof NanosError && error.code === 'app_not_found');
  });

  it('says when nothing was sent, so that the request can go elsewhere', async () => {
    const error = await failureOf(new ForwardLine(join(folder, 'nowhere'), KEY), 'app');
    assert.ok(error instanceof NanosError && error.message === 'refused');
  });

  it('sends nothing before the other cell listens, and waits for that no longer than told, nor when another cell is there', async () => {
    const received: Buffer[] = [];
    const silent = join(folder, 'silent');
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('data', (data) => received.push(data));
    }).listen(silent);
    await once(server, 'listening');
    const way = new ForwardLine(silent, KEY);
    const late = await failureOf(way, 'app', [], 50);
    assert.ok(late instanceof NanosError && late.message === 'late');
    const moved = failureOf(way, 'app');
    await once(server, 'connection');
    way.renew();
    assert.match(String(await moved), /moved/u);
    server.close();
    for (const socket of sockets) if (!socket.closed) await once(socket, 'close');
    const all = Buffer.concat(received);
    assert.ok(all.equals(Buffer.concat([hello, hello]).subarray(0, all.length)));
  });

  it('says when the other cell went away with the request', async () => {
    const crashing = join(folder, 'crashing');
    const server = createServer((socket) => socket.once('data', () => socket.write(welcome)).on('data', (data) => void (data.length > hello.length && socket.destroy()))).listen(crashing);
    await once(server, 'listening');
    const lost: NanosError[] = [];
    const error = await failureOf(new ForwardLine(crashing, KEY), 'app', lost);
    server.close();
    assert.ok(error instanceof NanosError && error.code === 'app_restarted');
    assert.deepEqual(lost, [error]);
  });

  it('takes another cell’s word for nothing: what is no frame, or says what no cell says, ends the connection', async () => {
    const request = { app: 'a', requestId: 'r', method: 'GET', url: 'http://a/', headers: [], body: 'none' };
    const wrong = [frame(FRAME.request, '{'), frame(FRAME.request, 'null'), ...[{ app: {} }, { headers: [7] }, { body: 'other' }, { length: -1 }, { depth: 'x' }].map((change) => frame(FRAME.request, JSON.stringify({ ...request, ...change }))), Buffer.from('ffffffff01', 'hex')];
    for (const bytes of [frame(FRAME.hello, 'another'), frame(FRAME.request, JSON.stringify(request)), ...wrong.map((one) => Buffer.concat([hello, one]))]) {
      const socket = connect(path).on('error', () => undefined);
      socket.resume();
      socket.write(bytes);
      await once(socket, 'close');
    }
    for (const answer of [frame(FRAME.head, '{}'), frame(FRAME.head, '['), frame(FRAME.failure, '{"error":{"code":"no such","message":""}}'), Buffer.from('ffffffff06', 'hex')]) {
      const lying = join(folder, 'lying');
      const server = createServer((socket) => socket.on('error', () => undefined).once('data', () => socket.write(Buffer.concat([welcome, answer])))).listen(lying);
      await once(server, 'listening');
      const error = await failureOf(new ForwardLine(lying, KEY), 'app');
      server.close();
      assert.ok(error instanceof NanosError && error.code === 'app_restarted', String(error));
    }
    const early = join(folder, 'early');
    const server = createServer((socket) => socket.on('error', () => undefined).once('data', () => socket.write(frame(FRAME.end)))).listen(early);
    await once(server, 'listening');
    assert.match(String(await failureOf(new ForwardLine(early, KEY), 'app')), /refused/u);
    server.close();
    assert.ok((await failureOf(line, 'nobody')) instanceof NanosError, 'others go on');
  });

  it('uses a connection again, unless another cell is there now or the one that is there parts', async () => {
    const seen = new Set<Socket>();
    const cell = new ForwardListener(KEY, () => ({ handle: (_request, sink) => void sink.respond({ status: 200, statusText: '', headers: [] }, 'ok') }));
    cell.server.on('connection', (socket: Socket) => seen.add(socket));
    cell.server.listen(join(folder, 'parting'));
    await once(cell.server, 'listening');
    const way = new ForwardLine(join(folder, 'parting'), KEY);
    for (let turn = 0; turn < 3; turn++) assert.equal(await failureOf(way, 'app'), undefined);
    assert.equal(seen.size, 1);
    way.renew();
    assert.equal(await failureOf(way, 'app'), undefined);
    assert.equal(seen.size, 2);
    cell.part(false);
    for (const socket of seen) if (!socket.destroyed) await once(socket, 'close');
    assert.equal(cell.isBusy, false);
    assert.equal(await failureOf(way, 'app'), undefined);
    assert.equal(seen.size, 3);
    cell.part(true);
    await once(cell.server, 'close');
  });
});

await import('./create-apps-listener.test.ts');
