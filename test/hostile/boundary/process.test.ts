/** What a process with tenants' code holds, seen from outside: by /proc, where it can't say otherwise. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { childPids, childPidsWith } from '../../support/child-pids.ts';
import { httpRequest } from '../../support/http-request.ts';
import { ifThere } from '../../support/if-there.ts';
import { BIN_NANOS, temporaryFolder, writeFiles } from '../../support/start-nanos.ts';

const SECRETS = ['operator-word-51c9', 'tenant-word-77aa', 'vars-word-d20e', 'environment-word-0b3f'];
const FILES = {
  'apps/shop/index.js': `export default { async fetch(request, env) { return new Response(env.TOKEN + env.KEY); } };`,
  'apps/shop/app.nano': 'name: shop\nenv: { PLAIN: vars-word-d20e }\n',
  'apps/shop/.dev.vars': 'TOKEN=tenant-word-77aa\n',
  'nanos.yaml': "secrets: [SHOP_KEY]\nlimits: { cpu_ms: 1000 }\napps: [{ path: apps/shop, env: { KEY: '${SHOP_KEY}' } }]\n",
};
const ALLOWED_VARIABLES = new Set(['TZ', 'LANG', 'NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE', 'MALLOC_ARENA_MAX', 'MALLOC_MMAP_THRESHOLD_', 'MALLOC_TRIM_THRESHOLD_', 'UV_THREADPOOL_SIZE', 'SHLVL', '_']);
const LINUX_ONLY = process.platform === 'linux' ? false : 'it looks at processes in /proc';
const READY_MS_MAX = 60_000;
const O_ACCMODE = 0o3;

interface Line {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** A host whose log is a file, started with one more file open for writing, as scripts that take a lock do. */
class Host {
  readonly #log: string;
  readonly #child;

  constructor(root: string) {
    this.#log = join(root, 'nanos.log');
    const serve = '"$0" serve --config nanos.yaml --port 0 --apps-port 0 --cells 1 --data data > nanos.log 2> errors.log 9> lock';
    const environment = { ...process.env, SHOP_KEY: 'operator-word-51c9', LEFT_OVER: 'environment-word-0b3f' };
    this.#child = spawn('/bin/sh', ['-c', `exec ${serve}`, BIN_NANOS], { cwd: root, env: environment, stdio: 'ignore' });
  }

  lines(): Line[] {
    return readFileSync(this.#log, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
  }

  async ready(): Promise<Line> {
    for (let waitedMs = 0; waitedMs < READY_MS_MAX; waitedMs += 50) {
      await sleep(50);
      const ready = this.#started().find(({ event }) => event === 'host_ready');
      if (ready !== undefined) return ready;
    }
    throw new Error(`The host does not start: ${readFileSync(this.#log, 'utf8')}`);
  }

  #started(): Line[] {
    try {
      return this.lines();
    } catch {
      return [];
    }
  }

  pids(): { cell: number; supervisor: number } {
    const supervisor = this.#child.pid;
    assert.ok(supervisor !== undefined);
    const [cell] = childPidsWith(supervisor, '/host/cell.');
    assert.ok(cell !== undefined, 'There is no cell');
    return { cell, supervisor };
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

function processFile(pid: number, name: string): string {
  return readFileSync(`/proc/${pid}/${name}`, 'utf8');
}

interface Descriptor {
  readonly fd: number;
  readonly path: string;
  readonly bytes: number;
}

/** Files on a disk that the process has open for writing. */
function writableFiles(pid: number): Descriptor[] {
  const found: Descriptor[] = [];
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    const file = `/proc/${pid}/fd/${name}`;
    // it may close meanwhile
    const seen = ifThere(() => ({ stats: statSync(file), info: processFile(pid, `fdinfo/${name}`), path: readlinkSync(file) }));
    if (seen === undefined) continue;
    const flags = Number.parseInt(/^flags:\s+(\d+)$/m.exec(seen.info)?.[1] ?? '0', 8);
    if ((seen.stats.isFile() || seen.stats.isBlockDevice()) && (flags & O_ACCMODE) !== 0) found.push({ fd: Number(name), path: seen.path, bytes: seen.stats.size });
  }
  return found;
}

const root = LINUX_ONLY === false ? await temporaryFolder({ after }) : '';

describe('a cell, looked at from outside', { skip: LINUX_ONLY }, () => {
  let host: Host;
  let cell = 0;
  before(async () => {
    await writeFiles(root, FILES);
    host = new Host(root);
    const { apps_url: url } = await host.ready();
    const answer = await httpRequest({ port: Number(new URL(String(url)).port), headers: { host: 'shop.localhost' }, path: '/' });
    assert.equal(answer.text, 'tenant-word-77aaoperator-word-51c9');
    ({ cell } = host.pids());
  });
  after(() => host.kill());

  test('its environment and arguments hold no secret, nor anything else of where it was started', () => {
    const names = processFile(cell, 'environ').split('\0').filter((entry) => entry !== '').map((entry) => entry.split('=', 1)[0] ?? '');
    assert.deepEqual(names.filter((name) => !ALLOWED_VARIABLES.has(name)), []);
    for (const file of ['environ', 'cmdline']) for (const secret of SECRETS) assert.ok(!processFile(cell, file).includes(secret), `${file} holds ${secret}`);
  });

  test('no file is open for writing but the 4 KB that say whose code runs', () => {
    const files = writableFiles(cell);
    assert.deepEqual(files.map(({ fd, bytes }) => [fd, bytes]), [[4, 4096]]);
    assert.match(files[0]?.path ?? '', /occupancy-[0-9a-f]+ \(deleted\)$/);
    // it can be told apart: the host itself writes to its log
    assert.ok(writableFiles(host.pids().supervisor).some(({ path }) => path.endsWith('nanos.log')));
  });

  test('nothing that it writes to memory ends up in a file', () => {
    const shared = processFile(cell, 'maps').split('\n').filter((line) => /^\S+ .w.s .*\//.test(line) && !/\[|anon_inode|memfd|\/dev\/zero/.test(line));
    assert.deepEqual(shared, []);
  });

  test('it has no children, and its permission model gives it none', () => {
    assert.deepEqual(childPids(cell), []);
    const flags = processFile(cell, 'cmdline').split('\0');
    assert.ok(flags.includes('--permission'));
    assert.deepEqual(flags.filter((flag) => /^--allow-(?:fs-write|child-process|worker|wasi)/.test(flag)), []);
  });

  test('the kernel holds it to small files and no cores', () => {
    const limits = processFile(cell, 'limits');
    assert.match(limits, /^Max core file size +0 +0 /m);
    assert.match(limits, /^Max file size +(?:4096|8192) +(?:4096|8192) /m);
  });

  test('its rights are those that the host says it has', () => {
    const said = host.lines().find(({ event }) => event === 'second_wall');
    const status = processFile(cell, 'status');
    assert.equal(/^NoNewPrivs:\t1$/m.test(status), said?.['no_new_privs']);
    if (said?.['user'] !== 'root') assert.match(status, /^CapEff:\t0+$/m);
    const [uid = '', ...others] = /^Uid:\t(.*)$/m.exec(status)?.[1]?.split('\t') ?? [];
    assert.ok(others.every((other) => other === uid));
    if (process.getuid?.() === 0) assert.equal(uid === '0', said?.['user'] === 'root');
    else assert.equal(Number(uid), process.getuid?.());
  });

  test('the log says so, and no secret', () => {
    const text = readFileSync(join(root, 'nanos.log'), 'utf8');
    assert.ok(text.includes('"second_wall"'));
    for (const secret of SECRETS.slice(0, 2)) assert.ok(!text.includes(secret));
  });
});
