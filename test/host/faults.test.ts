/** What a machine does to a host: a full disk, no descriptors left, an end in the middle of a change. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { Agent } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runNanos } from '../support/run-nanos.ts';
import { startNanos, temporaryFolder, writeFiles, type Nanos } from '../support/start-nanos.ts';

const answering = (text: string): string => `export default { fetch: () => new Response('${text}') };`;

function run(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Writes until the file system takes nothing more. */
function fill(file: string): void {
  const fd = openSync(file, 'w');
  try {
    for (let bytes = 1024 * 1024; bytes >= 1; ) {
      try {
        writeSync(fd, new Uint8Array(bytes));
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
        bytes = Math.floor(bytes / 2);
      }
    }
  } finally {
    closeSync(fd);
  }
}

test('a full disk below the data directory: what is served goes on, also in a new cell; changes are refused, the log has the reason, and they work when there is room', async (t) => {
  const root = await temporaryFolder({ after: () => undefined });
  const data = join(root, 'data');
  mkdirSync(data);
  t.after(() => {
    run('umount', '-l', data);
    rmSync(root, { recursive: true, force: true });
  });
  if (!run('mount', '-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', data)) return t.skip('may not mount a file system');
  const nanos = await startNanos(t, { root, files: { 'site/index.js': answering('one') } });
  const upload = join(root, 'shop');
  await writeFiles(upload, { 'index.js': answering('shop') });
  const deploy = () => runNanos(['deploy', upload, '--url', nanos.controlUrl, '--data', data], { cwd: root });
  fill(join(data, 'filler'));

  let from = nanos.logs().length;
  await nanos.write('site/index.js', answering('two'));
  const failed = await nanos.waitForLog(({ level, app }) => level === 'error' && app === 'site', from);
  assert.match(failed.message ?? '', /ENOSPC|no space/iu);
  const refused = await deploy();
  assert.deepEqual([refused.code, /No space is left on the disk of the host/u.test(refused.stderr)], [1, true], refused.stderr);
  const why = await nanos.waitForLog(({ event }) => event === 'control_error', from);
  assert.match(why.message ?? '', /ENOSPC/u);
  assert.equal((await nanos.request('site')).text, 'one');
  process.kill(nanos.pidOf('cell'), 'SIGKILL');
  await nanos.waitForLog(({ event }) => event === 'cell_died', from);
  assert.equal((await nanos.request('site')).text, 'one');

  rmSync(join(data, 'filler'));
  from = nanos.logs().length;
  await nanos.write('site/index.js', answering('three'));
  await nanos.waitForLog(({ event, app }) => event === 'app_serving' && app === 'site', from);
  assert.equal((await nanos.request('site')).text, 'three');
  const deployed = await deploy();
  assert.equal(deployed.code, 0, deployed.stderr);
  assert.equal((await nanos.request('shop')).text, 'shop');
});

function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Lets the process open so many files more than it has. Asked for by its own user, for not every root may limit others. */
function limitFiles(pid: number, more: number): boolean {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const [uid, gid] = ['Uid', 'Gid'].map((name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'mu').exec(status)?.[1]));
  return spawnSync('prlimit', ['--pid', `${pid}`, `--nofile=${openFiles(pid) + more}:`], { stdio: 'ignore', uid: uid!, gid: gid! }).status === 0;
}

test('a cell without descriptors: open connections are served on, and new ones once there is room', async (t) => {
  if (!existsSync('/proc/self/fd')) return t.skip('needs /proc');
  const nanos = await startNanos(t, { files: { 'site/index.js': answering('site') } });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const kept = async (): Promise<string> => (await nanos.request('site', '/', { agent })).text;
  assert.equal(await kept(), 'site');
  const cell = nanos.pidOf('cell');
  if (!limitFiles(cell, 10)) return t.skip('may not limit another process');
  // those for which there is no room are cut off
  const crowd: Socket[] = await Promise.all(Array.from({ length: 40 }, async () => (await nanos.connect()).on('error', () => undefined)));
  for (let times = 0; times < 20; times++) assert.equal(await kept(), 'site');
  assert.equal((await nanos.control('/v1/apps', 'read')).status, 200);
  for (const socket of crowd) socket.destroy();
  await answersAgain(nanos);
  assert.deepEqual(nanos.pids('cell'), [cell]);
});

async function killed(nanos: Nanos): Promise<Nanos> {
  await nanos.kill();
  return nanos;
}

async function answersAgain(nanos: Nanos): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const text = await nanos.request('site').then((answer) => answer.text, () => undefined);
    if (text === 'site') return;
    await sleep(50);
  }
  assert.fail('new connections are not served again');
}

/** 64 MB a request. */
const PRINTER = `const line = 'x'.repeat(1024 * 1024); export default { fetch() { for (let i = 0; i < 64; i++) console.log(line); return new Response('printed'); } };`;

test('an app prints 1 GB: next to nothing of it comes out, and its neighbour is served', async (t) => {
  const nanos = await startNanos(t, { files: { 'printer/index.js': PRINTER, 'site/index.js': answering('site') } });
  for (let times = 0; times < 16; times++) {
    const [printed, neighbour] = await Promise.all([nanos.request('printer'), nanos.request('site')]);
    assert.deepEqual([printed.text, neighbour.text], ['printed', 'site']);
  }
  const bytes = nanos.logs().reduce((sum, { message = '' }) => sum + message.length, 0);
  assert.ok(bytes > 0 && bytes < 32 * 1024 * 1024, `${bytes}`);
  assert.equal((await nanos.control('/v1/apps', 'read')).status, 200);
});

/** Takes a while to be built, and to be started. */
const slowly = (text: string): string => `let sum = 0; for (let i = 0; i < 2e8; i++) sum += i; ${answering(text)}`;

/** Resolves at the first sign that a change is being made. */
const SIGNS: Readonly<Record<string, (nanos: Nanos, from: number) => Promise<unknown>>> = {
  'one app of several has been swapped': (nanos, from) => nanos.waitForLog(({ event }) => event === 'app_serving', from),
  'the first artefact has been written': async ({ dataFolder }) => {
    const artefacts = (): number => readdirSync(join(dataFolder, 'artefacts')).filter((name) => name.endsWith('.nanos')).length;
    for (const before = artefacts(); artefacts() <= before; ) await sleep(1);
  },
};

test('a host that is killed in the middle of a change serves one version or the other, whole, and then the newest', async (t) => {
  const names = Array.from({ length: 3 }, (_, index) => `app-${index}`);
  const all = (text: string): Record<string, string> => Object.fromEntries(names.map((name, index) => [`${name}/index.js`, (index === 2 ? slowly : answering)(text)]));
  const { root } = await startNanos(t, { files: all('v0') }).then(killed);
  let version = 0;
  for (const [sign, seen] of Object.entries(SIGNS)) {
    let isOver = true;
    // what has happened by the time that the signal arrives is the machine's matter
    for (let tries = 0; isOver && tries < 10; tries++) {
      const nanos = await startNanos(t, { root });
      assert.deepEqual(await texts(nanos), names.map(() => `v${version}`));
      const from = nanos.logs().length;
      await writeFiles(nanos.appsFolder, all(`v${++version}`));
      await seen(nanos, from);
      if (tries % 2 === 1) for (const text of await texts(nanos)) assert.ok([`v${version - 1}`, `v${version}`].includes(text), text);
      await killed(nanos);
      isOver = nanos.logs().slice(from).filter(({ event }) => event === 'app_serving').length === names.length;
    }
    assert.ok(!isOver, `The change was always over when ${sign}`);
  }
  const last = await startNanos(t, { root });
  assert.deepEqual(await texts(last), names.map(() => `v${version}`));
  assert.deepEqual(last.logs().filter(({ level }) => level === 'error'), []);

  function texts(nanos: Nanos): Promise<string[]> {
    return Promise.all(names.map(async (name) => (await nanos.request(name)).text));
  }
});
