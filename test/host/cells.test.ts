/** Cells as the operator and the clients of a host meet them: several on one port, dying, falling silent, confined. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConstantLoad } from '../support/constant-load.ts';
import { everyCell } from '../support/every-cell.ts';
import { startNanos, type LogLine, type Nanos } from '../support/start-nanos.ts';

const HELLO = `export default { fetch: () => new Response('hello') };`;
const SLOW = `export default { async fetch(request) {
  const ms = Number(new URL(request.url).searchParams.get('ms'));
  await new Promise((resolve) => setTimeout(resolve, ms));
  return new Response('slow');
} };`;

const files = { 'hello/index.js': HELLO, 'slow/index.js': SLOW };
const linux = { skip: existsSync('/proc/self/environ') ? false : 'needs /proc' };
const host = await startNanos({ after }, { files, args: ['--cells', '2', '--grace', '1'], environment: { NANOS_TEST_SECRET: 'not-for-cells', TZ: 'Asia/Tokyo' } });

async function cellPids(nanos: Nanos, count: number): Promise<number[]> {
  let pids = nanos.pids('cell');
  for (let tries = 0; pids.length !== count && tries < 200; tries++) {
    await sleep(50);
    pids = nanos.pids('cell');
  }
  assert.equal(pids.length, count);
  return pids;
}

/** Connections of their own until as many cells as that have an isolate of the app. */
async function warm(nanos: Nanos, app: string, cells: number): Promise<number> {
  for (let requests = 1; requests <= 500; requests++) {
    const { status } = await nanos.request(app, '/?ms=0');
    assert.equal(status, 200);
    if (requests % 10 === 0 && (await residents(nanos, app)) === cells) return requests;
  }
  return Number.NaN;
}

async function residents(nanos: Nanos, app: string): Promise<number> {
  const answer = await nanos.control(`/v1/apps/${app}`, 'read');
  return (answer.json() as { residents: number }).residents;
}

function processFile(pid: number, name: string): string[] {
  return readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0').filter((part) => part !== '');
}

test('two cells share one port, and both answer', linux, async (t) => {
  await cellPids(host, 2);
  for (const agent of await everyCell(t, host, 2, 'hello')) assert.equal((await host.request('hello', '/', { agent })).text, 'hello');
});

test('a cell knows nothing of its surroundings', linux, async () => {
  const own = new Set(['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'NODE_UNIQUE_ID']);
  for (const pid of await cellPids(host, 2)) {
    const environment = processFile(pid, 'environ').filter((entry) => !own.has(entry.split('=')[0] ?? ''));
    assert.deepEqual(environment.toSorted(), ['LANG=en_US.UTF-8', 'MALLOC_ARENA_MAX=1', 'MALLOC_MMAP_THRESHOLD_=524288', 'MALLOC_TRIM_THRESHOLD_=33554432', 'TZ=UTC', 'UV_THREADPOOL_SIZE=6']);
  }
});

test('a cell may write no file, start no process, and read only the program and what was built', linux, async () => {
  for (const pid of await cellPids(host, 2)) {
    const flags = processFile(pid, 'cmdline');
    assert.ok(flags.includes('--permission'));
    assert.deepEqual(flags.filter((flag) => /^--allow-(fs-write|child-process|worker|wasi)/.test(flag)), []);
    const reads = flags.filter((flag) => flag.startsWith('--allow-fs-read=')).map((flag) => flag.slice('--allow-fs-read='.length));
    assert.ok(reads.includes(`${host.dataFolder}/artefacts/*`));
    assert.ok(reads.every((path) => path !== '*' && !`${host.dataFolder}/tokens.json`.startsWith(path) && !host.appsFolder.startsWith(path)));
  }
});

test('a cell that is killed under load is replaced; only what it had in flight is lost', linux, async (t) => {
  const from = host.logs().length;
  await cellPids(host, 2);
  const victim = host.pidOf('cell');
  const load = new ConstantLoad(t, host, 'slow', '/?ms=2');
  await load.answered(50);
  process.kill(victim, 'SIGKILL');
  const died = await host.waitForLog(({ event }) => event === 'cell_died', from);
  assert.equal(died['pid'], victim);
  await load.answered(200);
  const { unusual, failures } = await load.end();
  // what came in by the other cell and was handed over to this one
  assert.ok(unusual.every((text) => text.includes('app_restarted')), unusual.join(', '));
  // each of the load's lanes may lose a request that was handed over, and a connection that waits between two requests
  assert.ok(failures.length + unusual.length <= 2 * ConstantLoad.lanes, failures.join(', '));
  assert.ok(failures.every((code) => code === 'ECONNRESET'), failures.join(', '));
  const cells = await cellPids(host, 2);
  assert.ok(!cells.includes(victim));
  assert.ok(await warm(host, 'slow', 1));
});

test('a cell that falls silent is replaced, and the host goes on answering meanwhile', linux, async () => {
  const from = host.logs().length;
  await cellPids(host, 2);
  const victim = host.pidOf('cell');
  process.kill(victim, 'SIGSTOP');
  const silent = (line: LogLine): boolean => line.event === 'cell_replaced' && line['pid'] === victim;
  const replaced = host.waitForLog(silent, from);
  let isReplaced = false;
  void replaced.then(() => (isReplaced = true));
  // connections that the kernel gave to the stopped cell would never be answered
  while (!isReplaced) assert.equal((await host.request('hello')).text, 'hello');
  assert.match((await replaced).message ?? '', /silent/);
  assert.equal((await host.control('/v1/apps', 'read')).status, 200);
  assert.ok(await warm(host, 'hello', 1));
});

test('the control plane answers although a cell does not', linux, async () => {
  await cellPids(host, 2);
  const victim = host.pidOf('cell', 1);
  process.kill(victim, 'SIGSTOP');
  try {
    for (const path of ['/v1/apps', '/metrics']) assert.equal((await host.control(path, 'read')).status, 200);
  } finally {
    process.kill(victim, 'SIGCONT');
  }
});

for (const state of ['at work', 'stopped']) {
  test(`cells end with their supervisor: one that is ${state}`, linux, async (t) => {
    const nanos = await startNanos(t, { files: { 'slow/index.js': SLOW } });
    const wall = await nanos.waitForLog(({ event }) => event === 'second_wall');
    // who is stopped ends by the kernel's doing alone
    if (state === 'stopped' && /setpriv|pdeathsig|no_new_privs/u.test(String(wall['missing']))) return t.skip(`cells don't end by pdeathsig here: ${String(wall['missing'])}`);
    await cellPids(nanos, 1);
    const cell = nanos.pidOf('cell');
    const unanswered = nanos.request('slow', '/?ms=20000').catch((error: Error) => error);
    await warm(nanos, 'slow', 1);
    if (state === 'stopped') process.kill(cell, 'SIGSTOP');
    await nanos.kill();
    assert.ok((await unanswered) instanceof Error);
    for (let tries = 0; existsSync(`/proc/${cell}/exe`) && tries < 200; tries++) await sleep(50);
    assert.ok(!existsSync(`/proc/${cell}/exe`), 'the cell outlives its supervisor');
  });
}
