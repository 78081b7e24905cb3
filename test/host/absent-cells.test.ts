/** Cells that hang, and cells that never come up: how long a client waits, and for what. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppOwners } from '../../src/host/app-owners.ts';
import type { HostComposition } from '../../src/host/host-composition.ts';
import { startHost } from '../../src/host/start-host.ts';
import type { AppStatus, LogEvent } from '../../src/protocol/control.ts';
import type { RunningHost } from '../../src/protocol/serve-options.ts';
import { httpRequest, type Answer } from '../support/http-request.ts';
import { temporaryFolder, writeFiles } from '../support/start-nanos.ts';

const linux = { skip: existsSync('/proc/self/environ') ? false : 'needs /proc' };
/** Flags of Node.js with which a cell ends, or hangs, before it has read a line of its own. */
const CRASHES = '--import=data:text/javascript,process.exit(7)';
const HANGS = '--import=data:text/javascript,Atomics.wait(new%20Int32Array(new%20SharedArrayBuffer(4)),0,0)';
/** Nobody waits for it where nothing can be finished. */
const GRACE_MS = 600_000;

const FINE = `export default { fetch: () => new Response('fine') };`;
/** A size check of V8 ends the process (SIGTRAP). */
const ABORTS = `export default { fetch(request) {
  if (new URL(request.url).pathname === '/kill') return new Response(String('a'.repeat(2 ** 28).split('').sort().length));
  return new Response('fine');
} };`;

class Fixture {
  readonly flags: string[] = [];
  readonly events: LogEvent[] = [];
  #host: RunningHost | undefined;

  async start(t: TestContext, cells: number, files: Readonly<Record<string, string>>, composition: HostComposition = {}): Promise<void> {
    const root = await temporaryFolder(t);
    await writeFiles(join(root, 'apps'), files);
    await writeFiles(root, { 'nanos.yaml': 'limits: { cpu_ms: 60000 }\n' });
    this.#host = await startHost(
      { folders: [join(root, 'apps')], configFile: join(root, 'nanos.yaml'), host: '127.0.0.1', controlPort: 0, appsPort: 0, cells, dataDir: join(root, 'data'), agentsFolder: undefined, dev: false, auth: false, graceMs: GRACE_MS },
      undefined,
      { write: (line) => this.events.push(JSON.parse(line) as LogEvent), flush: () => Promise.resolve() },
      { cellFlags: this.flags, ...composition },
    );
    const host = this.#host;
    t.after(() => host.close());
  }

  /** By slot, as long as none was replaced. */
  get cells(): number[] {
    return readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ').map(Number).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('/host/cell.'));
  }

  request(app: string, path = '/', agent?: Agent): Promise<Answer> {
    return httpRequest({ port: Number(new URL(this.#host!.appsUrl).port), path, ...(agent === undefined ? {} : { agent }), headers: { host: `${app}.localhost` } });
  }

  async app(name: string): Promise<AppStatus> {
    const { port, host } = new URL(this.#host!.controlUrl);
    return (await httpRequest({ port: Number(port), path: `/v1/apps/${name}`, headers: { host } })).json() as AppStatus;
  }

  async event(matches: (event: LogEvent) => boolean, from = 0): Promise<LogEvent> {
    for (;;) {
      const found = this.events.slice(from).find(matches);
      if (found !== undefined) return found;
      await sleep(20);
    }
  }

  /** New cells come up again. */
  async heal(app: string): Promise<void> {
    this.flags.length = 0;
    for (;;) {
      const answer = await this.request(app).catch(() => undefined);
      if (answer?.text === 'fine') return;
      await sleep(50);
    }
  }
}

/** A name that lives in that slot of two. */
function nameIn(slot: number): string {
  const owners = new AppOwners({ cells: [1, 2], apart: undefined, hot: [] });
  return Array.from({ length: 50 }, (_, index) => `app-${index}`).find((name) => owners.of(name)[0] === slot)!;
}

function assertRefused({ status, headers }: Answer): void {
  assert.deepEqual([status, headers['x-nanos-error'], headers.connection], [503, 'overloaded', 'close']);
  assert.match(headers['retry-after'] ?? '', /^\d+$/u);
}

test('no cell comes up: requests wait, then they are refused, until there is one', linux, async (t) => {
  const host = new Fixture();
  await host.start(t, 1, { 'app/index.js': FINE });
  assert.equal((await host.request('app')).text, 'fine');
  host.flags.push(CRASHES);
  process.kill(host.cells[0]!, 'SIGKILL');
  assertRefused(await host.request('app'));
  assert.equal(host.events.filter(({ event }) => event === 'cells_absent').length, 1);
  // who comes later does not wait
  const from = host.events.length;
  for (let turn = 0; turn < 3; turn++) assertRefused(await host.request('nobody', `/${turn}`));
  assert.deepEqual(host.events.slice(from).filter(({ event }) => event === 'cells_absent'), []);
  await host.heal('app');
  for (let turn = 0; turn < 50; turn++) assert.equal((await host.request('app')).text, 'fine');
});

test('a start that hangs is given up, over and over, and other cells have the apps meanwhile', linux, async (t) => {
  const host = new Fixture();
  const [moved, stayed] = [nameIn(0), nameIn(1)];
  await host.start(t, 2, { [`${moved}/index.js`]: FINE, [`${stayed}/index.js`]: FINE }, { cellStartMsMax: 10_000 });
  assert.deepEqual([(await host.app(moved)).cells, (await host.app(stayed)).cells], [[0], [1]]);
  host.flags.push(HANGS);
  process.kill(host.cells[0]!, 'SIGKILL');
  await host.event(({ event }) => event === 'cell_died');
  assert.equal((await host.request(moved)).text, 'fine');
  assert.deepEqual([(await host.app(moved)).cells, (await host.app(stayed)).cells], [[1], [1]]);
  for (let failed = 0, from = 0; failed < 2; failed++) {
    const failure = await host.event(({ event }) => event === 'cell_failed', from);
    from = host.events.indexOf(failure) + 1;
    assert.match(failure.message ?? '', /did not serve within 10 s/u);
    assert.equal(failure['slot'], 0);
  }
  assert.ok(host.cells.length <= 2);
  host.flags.length = 0;
  while ((await host.app(moved)).cells[0] !== 0) await sleep(50);
  assert.equal((await host.request(moved)).text, 'fine');
  await sleep(1_000);
  assert.equal(host.cells.length, 2);
});

test('an app that lives apart, where no cell comes up: its requests are refused after a while, nobody else waits', linux, async (t) => {
  const host = new Fixture();
  const [aborts, other] = [nameIn(0), nameIn(1)];
  await host.start(t, 2, { [`${aborts}/index.js`]: ABORTS, [`${other}/index.js`]: FINE });
  host.flags.push(CRASHES);
  await host.request(aborts, '/kill').catch(() => undefined);
  await host.event(({ event }) => event === 'app_set_apart');
  let isRefused = false;
  const refused = host.request(aborts).then((answer) => ((isRefused = true), answer));
  while (!isRefused) assert.equal((await host.request(other)).text, 'fine');
  const { status, headers } = await refused;
  assert.deepEqual([status, headers['x-nanos-error'], headers['retry-after']], [503, 'overloaded', '1']);
  const { cells, apart } = await host.app(aborts);
  assert.deepEqual([cells, apart, (await host.app(other)).apart], [[0], true, undefined]);
  await host.heal(aborts);
});

test('a kept connection to a cell that hangs is reset soon, whatever the grace', linux, async (t) => {
  const host = new Fixture();
  await host.start(t, 1, { 'app/index.js': FINE });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  await host.request('app', '/', agent);
  process.kill(host.cells[0]!, 'SIGSTOP');
  const kept = host.request('app', '/kept', agent).catch((error: NodeJS.ErrnoException) => error.code);
  // the kernel keeps others for the next cell
  assert.equal((await host.request('app')).text, 'fine');
  assert.equal(await kept, 'ECONNRESET');
});

test('nor does it wait for a next cell that does not come', linux, async (t) => {
  const host = new Fixture();
  await host.start(t, 1, { 'app/index.js': FINE });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  await host.request('app', '/', agent);
  host.flags.push(CRASHES);
  process.kill(host.cells[0]!, 'SIGSTOP');
  const kept = host.request('app', '/kept', agent).catch((error: NodeJS.ErrnoException) => error.code);
  assertRefused(await host.request('app'));
  assert.equal(await kept, 'ECONNRESET');
  await host.heal('app');
});

test('a cell that hung and works again is kept until there is another', linux, async (t) => {
  const host = new Fixture();
  await host.start(t, 1, { 'app/index.js': FINE });
  const [cell] = host.cells;
  host.flags.push(CRASHES);
  process.kill(cell!, 'SIGSTOP');
  await host.event(({ event }) => event === 'cell_replaced');
  process.kill(cell!, 'SIGCONT');
  await host.event(({ event }) => event === 'cell_failed');
  // longer than a hung one would be kept
  for (let turn = 0; turn < 120; turn++) {
    assert.equal((await host.request('app')).text, 'fine');
    await sleep(100);
  }
  assert.ok(host.cells.includes(cell!));
  await host.heal('app');
  while (host.cells.includes(cell!)) await sleep(50);
  assert.equal((await host.request('app')).text, 'fine');
});
