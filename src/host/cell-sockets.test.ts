import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { toErrorData } from '../protocol/errors.ts';
import { CellSocketLine } from './cell-socket-line.ts';
import { CellSockets } from './cell-sockets.ts';
import { freePort } from './free-port.ts';

const HOST = '127.0.0.1';

interface Held {
  readonly sockets: CellSockets;
  readonly port: number;
}

async function held(t: TestContext): Promise<Held> {
  const sockets = new CellSockets(HOST);
  t.after(() => sockets.closeAll());
  return { sockets, port: await freePort(HOST) };
}

const CELL = `process.on('message', (name, socket) => require('node:net').createServer((client) => client.end(name)).listen(socket, () => process.send('listening')));`;

/** A process that accepts there for the cell `user`, and says its name. */
async function serve(t: TestContext, { sockets, port }: Held, user: { name: string }): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--eval', CELL], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  t.after(() => child.kill('SIGKILL'));
  child.send(user.name, await sockets.take(port, user));
  await once(child, 'message');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function connected(t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, HOST);
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function said(socket: Socket): Promise<string> {
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString();
}

async function isRefused(t: TestContext, port: number): Promise<boolean> {
  return connected(t, port).then(() => false, (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED');
}

test('a connection that comes while there is no cell waits for the next one', async (t) => {
  const port = await held(t);
  const [first, second] = [{ name: 'first' }, { name: 'second' }];
  const process = await serve(t, port, first);
  assert.equal(await said(await connected(t, port.port)), 'first');
  await kill(process);
  port.sockets.lost(first);
  const waiting = await connected(t, port.port);
  await serve(t, port, second);
  assert.equal(await said(waiting), 'second');
});

test('a port that the last cell gives back is closed', async (t) => {
  const port = await held(t);
  const [first, second] = [{ name: 'first' }, { name: 'second' }];
  const processes = [await serve(t, port, first), await serve(t, port, second)] as const;
  await kill(processes[0]);
  port.sockets.give(port.port, first);
  assert.equal(await said(await connected(t, port.port)), 'second');
  await kill(processes[1]);
  port.sockets.give(port.port, second);
  assert.equal(await isRefused(t, port.port), true);
});

test('a port of a cell that is gone, and that no other wants, is closed', async (t) => {
  const port = await held(t);
  const cell = { name: 'cell' };
  await kill(await serve(t, port, cell));
  port.sockets.lost(cell);
  port.sockets.closeUnused();
  assert.equal(await isRefused(t, port.port), true);
});

test('a port on which somebody else listens is refused', async (t) => {
  const { sockets } = await held(t);
  const other = createServer().listen(0, HOST);
  t.after(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await assert.rejects(sockets.take(port, {}), { code: 'port_in_use' });
  await assert.rejects(sockets.take(port, {}), { code: 'port_in_use' });
});

test('an address of another machine is refused, and the cell is told', async () => {
  const sockets = new CellSockets('192.0.2.1');
  const line = new CellSocketLine(({ port, wanted }) => {
    if (!wanted) return sockets.give(port, line);
    sockets.take(port, line).then(
      (socket) => line.receive({ type: 'socket', port }, socket),
      (error: unknown) => line.receive({ type: 'socket', port, error: toErrorData(error) }, undefined),
    );
  });
  await assert.rejects(line.take(await freePort(HOST)), { code: 'port_forbidden', message: /EADDRNOTAVAIL/ });
});
