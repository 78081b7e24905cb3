import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { AppStatus, LogEvent } from '../protocol/control.ts';
import { NanosError } from '../protocol/errors.ts';
import { NO_RUNS } from '../server/control/test-no-runs.ts';
import type { RunningHost, ServeOptions } from '../protocol/serve-options.ts';
import type { HostControl } from '../protocol/control.ts';
import { createControlServer } from '../server/control/create-control-server.ts';
import { SessionStore } from '../server/control/session-store.ts';
import { TokenStore } from '../server/control/token-store.ts';
import type { StartHost } from './cli-io.ts';
import { runCli } from './run-cli.ts';

interface Run {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

interface RunOptions {
  readonly environment?: Record<string, string>;
  readonly startHost?: StartHost;
  readonly onStopSignal?: (listener: () => void) => () => void;
  readonly onOutput?: (text: string) => void;
}

async function run(argv: readonly string[], { environment = {}, startHost, onStopSignal, onOutput }: RunOptions = {}): Promise<Run> {
  const written = { out: '', err: '' };
  const sink = (name: 'out' | 'err') => ({
    write: (text: string) => {
      written[name] += text;
      onOutput?.(text);
    },
  });
  const status = await runCli(argv, {
    stdout: sink('out'),
    stderr: sink('err'),
    environment,
    startHost: startHost ?? (() => Promise.reject(new Error('not to be started'))),
    onStopSignal: onStopSignal ?? (() => () => undefined),
    exit: () => undefined,
  });
  return { status, ...written };
}

async function emptyFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nanos-cli-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function writeFiles(folder: string, files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

const HELLO: AppStatus = {
  name: 'hello', state: 'ready', version: 2, source: 'deployed', folder: '/x', urls: ['http://hello.localhost:3000/'], versions: [2, 1], error: undefined, residents: 1, cells: [0],
};

const BROKEN: AppStatus = {
  ...HELLO, name: 'broken', state: 'failed', version: 0, residents: 0, cells: [1, 2], apart: true,
  error: { code: 'build_failed', message: 'Unexpected "\u001b[31m}"', position: { file: 'src/index.ts', line: 3, column: 5 } },
};

interface Started {
  readonly url: string;
  readonly dataDir: string;
  readonly asked: string[];
  /** of the last upload */
  readonly files: Map<string, string>;
  readonly server: Server;
  readonly sessions: SessionStore;
}

async function startControl(t: TestContext): Promise<Started> {
  const dataDir = await emptyFolder(t);
  const asked: string[] = [];
  const files = new Map<string, string>();
  const events: LogEvent[] = [
    { time: '2026-01-02T03:04:05.678Z', level: 'info', event: 'console', app: 'hello', message: 'clear \u001b[2J\u009b2J screen', request_id: 'r1' },
    { time: '2026-01-02T03:04:06.678Z', level: 'warn', event: 'slow', app: 'hello', ms: 12 },
  ];
  const host: HostControl = {
    isReady: () => true,
    models: { list: async () => [], open: () => Promise.reject(new NanosError('model_missing', 'There is no model')) },
    apps: async () => [HELLO, BROKEN],
    app: async () => HELLO,
    deploy: async (folder, name) => {
      asked.push(`deploy ${name}`);
      files.clear();
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (entry.isFile()) files.set(path.slice(folder.length + 1), await readFile(path, 'utf8'));
      }
      return HELLO;
    },
    rollback: async (name, version) => {
      asked.push(`rollback ${name} ${version}`);
      return { ...HELLO, version: version ?? 1 };
    },
    undeploy: async (name) => {
      asked.push(`undeploy ${name}`);
      if (name === 'served') throw new NanosError('forbidden', 'served is a served folder');
    },
    trigger: async (name, { cron }) => {
      asked.push(`trigger ${name} ${cron}`);
      if (name === 'broken') throw new NanosError('app_threw', 'TypeError: mine');
    },
    reload: async () => [],
    recentLogs: (filter) => {
      asked.push(`logs ${filter.app}`);
      return events;
    },
    followLogs: (_filter, listener) => {
      listener({ time: '2026-01-02T03:04:07.678Z', level: 'error', event: 'live', message: 'two\nlines' });
      setImmediate(() => server.closeAllConnections());
      return () => undefined;
    },
    metrics: async () => '',
    hostStatus: () => assert.fail('no command asks for it'),
    runs: NO_RUNS,
  };
  const sessions = new SessionStore();
  const server = createControlServer(host, { tokens: await TokenStore.open(dataDir), sessions, allowedHosts: [], auth: true, dataDir });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, dataDir, asked, files, server, sessions };
}

test('help and version go to standard output, status 0', async () => {
  const { status, out, err } = await run(['--help']);
  assert.deepEqual([status, err], [0, '']);
  for (const name of ['serve', 'deploy', 'undeploy', 'rollback', 'trigger', 'apps', 'logs']) {
    assert.match(out, new RegExp(`^  ${name}\\b`, 'm'));
    const help = await run([name, '--help']);
    assert.deepEqual([help.status, help.err], [0, '']);
    assert.match(help.out, /Examples:\n/);
  }
  assert.match((await run(['--version'])).out, /^\d+\.\d+\.\d+\n$/);
});

const WRONG_USAGE: [argv: string[], says: RegExp][] = [
  [[], /Usage: nanos/],
  [['sreve'], /^nanos: unknown command 'sreve'\n\(Did you mean serve\?\) \(usage\)\n$/],
  [['serve', '--prot', '1'], /^nanos: unknown option '--prot'\n\(Did you mean --port\?\) \(usage\)\n$/],
  [['serve', '--port', '65536'], /65535/],
  [['serve', '--port', 'http'], /port/],
  [['serve', '--port', '1e3'], /port/],
  [['serve', '--apps-port', '-1'], /port/],
  [['serve', '--cells', '0'], /1 to 256/],
  [['serve', '--cells', '257'], /1 to 256/],
  [['serve', '--grace', 'long'], /seconds/],
  [['trigger'], /missing required argument 'app'/],
  [['rollback'], /missing required argument 'app'/],
  [['rollback', 'a', '--to', '0'], /whole number/],
  [['apps', 'x'], /too many arguments/],
  [['apps', '--url', 'ftp://x'], /no http or https URL/],
  [['apps', '--url', 'x'], /no http or https URL/],
  [['logs', '--tail', 'x'], /whole number/],
  [['deploy', '.', '--name', 'No'], /no app name/],
];

for (const [argv, says] of WRONG_USAGE) {
  test(`wrong usage: nanos ${argv.join(' ')}`, async () => {
    const { status, out, err } = await run(argv);
    assert.deepEqual([status, out], [2, '']);
    assert.match(err, says);
    assert.doesNotMatch(err, /^ +at /m);
  });
}

test('no host there: what to do, status 1', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const { status, err } = await run(['apps', '--url', `http://127.0.0.1:${port}`]);
  assert.equal(status, 1);
  assert.match(err, /^nanos: No host answers at http:\/\/127\.0\.0\.1:\d+: nothing listens there\. Start one with nanos serve, .* \(host_unreachable\)\n$/);
});

for (const [what, status, body] of [['a page', 200, '<html>'], ['other JSON', 200, '{"apps":[{}]}'], ['another error', 500, 'no'], ['a redirect', 302, '']] as const) {
  test(`another server there: ${what}`, async (t) => {
    const server = createServer((_request, response) => response.writeHead(status).end(body)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const result = await run(['apps', '--url', `http://127.0.0.1:${port}`]);
    assert.equal(result.status, 1);
    assert.match(result.err, /is not the control plane of a nanos host.*\(host_unreachable\)/);
  });
}

test('apps: a table without control characters, or JSON', async (t) => {
  const { url, dataDir } = await startControl(t);
  const { status, out } = await run(['apps', '--url', url, '--data', dataDir]);
  assert.equal(status, 0);
  assert.equal(out, [
    'NAME    STATE   VERSION  RESIDENT  CELL       URL',
    'hello   ready   2        1         0          http://hello.localhost:3000/',
    'broken  failed  -        0         1,2 apart  http://hello.localhost:3000/',
    '',
    'broken: src/index.ts:3:5: Unexpected "\\u001b[31m}" (build_failed)',
    '',
  ].join('\n'));
  const json = await run(['apps', '--json', '--url', url, '--data', dataDir]);
  assert.deepEqual(JSON.parse(json.out).map(({ name, cells, apart }: AppStatus) => [name, cells, apart]), [['hello', [0], undefined], ['broken', [1, 2], true]]);
});

test('the token comes from the option, the environment, the data directory', async (t) => {
  const { url, dataDir } = await startControl(t);
  const admin = (await TokenStore.read(dataDir))?.admin ?? '';
  const none = await run(['apps', '--url', url, '--data', join(dataDir, 'none')]);
  assert.equal(none.status, 1);
  assert.match(none.err, /--token or NANOS_TOKEN.*\(unauthorized\)\n$/s);
  assert.equal((await run(['apps', '--url', url, '--data', join(dataDir, 'none'), '--token', admin])).status, 0);
  assert.equal((await run(['apps', '--url', url, '--data', join(dataDir, 'none')], { environment: { NANOS_TOKEN: admin } })).status, 0);
  assert.equal((await run(['apps', '--url', url, '--data', dataDir, '--token', 'wrong'])).status, 1);
});

test('trigger', async (t) => {
  const { url, dataDir, asked } = await startControl(t);
  const where = ['--url', url, '--data', dataDir];
  assert.match((await run(['trigger', 'hello', ...where])).err, /^hello has handled the event\n$/);
  await run(['trigger', 'hello', '--cron', '0 3 * * *', ...where]);
  const failed = await run(['trigger', 'broken', ...where]);
  assert.equal(failed.status, 1);
  assert.match(failed.err, /TypeError: mine \(app_threw\)/);
  assert.deepEqual(asked, ['trigger hello * * * * *', 'trigger hello 0 3 * * *', 'trigger broken * * * * *']);
});

test('rollback and undeploy', async (t) => {
  const { url, dataDir, asked } = await startControl(t);
  const where = ['--url', url, '--data', dataDir];
  assert.match((await run(['rollback', 'hello', ...where])).err, /^hello serves version 1 now\n$/);
  assert.equal(JSON.parse((await run(['rollback', 'hello', '--to', '7', '--json', ...where])).out).version, 7);
  assert.equal((await run(['undeploy', 'hello', ...where])).status, 0);
  const refused = await run(['undeploy', 'served', ...where]);
  assert.deepEqual([refused.status, refused.err], [1, 'nanos: served is a served folder (forbidden)\n']);
  assert.deepEqual(asked, ['rollback hello undefined', 'rollback hello 7', 'undeploy hello', 'undeploy served']);
});

test('logs: lines for people, or JSON', async (t) => {
  const { url, dataDir, asked } = await startControl(t);
  const { out } = await run(['logs', 'hello', '--url', url, '--data', dataDir]);
  assert.equal(out, [
    '2026-01-02T03:04:05.678Z INFO  hello console clear \\u001b[2J\\u009b2J screen request_id=r1',
    '2026-01-02T03:04:06.678Z WARN  hello slow ms=12',
    '',
  ].join('\n'));
  const json = await run(['logs', '--json', '--url', url, '--data', dataDir]);
  assert.deepEqual(json.out.trimEnd().split('\n').map((line) => JSON.parse(line).event), ['console', 'slow']);
  assert.match(json.out.replaceAll('\n', ''), /^\P{Cc}*$/u);
  assert.deepEqual(asked, ['logs hello', 'logs undefined']);
});

test('logs --follow prints what comes, and says when the host goes away', async (t) => {
  const { url, dataDir } = await startControl(t);
  const { status, out, err } = await run(['logs', '--follow', '--url', url, '--data', dataDir]);
  assert.match(out, /ERROR live two\n {2}lines\n$/);
  assert.equal(status, 1);
  assert.match(err, /\(host_unreachable\)/);
});

test('deploy uploads the folder without what is no part of it', async (t) => {
  const { url, dataDir, asked, files } = await startControl(t);
  const folder = join(await emptyFolder(t), 'My App');
  await writeFiles(folder, {
    'app.nano': 'name: hello\nmain: src/index.ts\n',
    'src/index.ts': 'import text from "./page.html"; import data from "./x.unknown"; export default { fetch: () => new Response(text) };',
    'src/page.html': '<p>',
    'src/x.unknown': 'x',
    '.dev.vars': 'A=1\n',
    '.git/HEAD': 'x',
    '.wrangler/state': 'x',
    'sub/.nanos/tokens.json': 'x',
    'node_modules/unused/index.js': 'x',
  });
  await symlink('page.html', join(folder, 'src/linked.html'));
  await symlink('/etc/hosts', join(folder, 'outside'));
  const { status, out, err } = await run(['deploy', folder, '--url', url, '--data', dataDir]);
  assert.equal(status, 0, err);
  assert.equal(out, '');
  assert.match(err, /^nanos: outside is no regular file of the folder and is left out\nUploading 6 files, 0\.0 MB\nDeployed hello, version 2\n {2}http:\/\/hello\.localhost:3000\/\n$/);
  assert.deepEqual(Array.from(files.keys()).toSorted(), ['.dev.vars', 'app.nano', 'src/index.ts', 'src/linked.html', 'src/page.html', 'src/x.unknown']);
  assert.deepEqual(asked, ['deploy undefined']);
  const named = await run(['deploy', folder, '--name', 'other', '--json', '--url', url, '--data', dataDir]);
  assert.equal(JSON.parse(named.out).name, 'hello');
  assert.equal(asked[1], 'deploy other');
});

test('deploy uploads of node_modules what the app imports, wherever it is installed', async (t) => {
  const { url, dataDir, files } = await startControl(t);
  const top = await emptyFolder(t);
  await writeFiles(top, {
    'node_modules/hoisted/package.json': '{"name":"hoisted","type":"module","exports":{"./sub":"./lib/sub.js"}}',
    'node_modules/hoisted/lib/sub.js': 'export { default } from "inner"; import "@scope/both";',
    'node_modules/hoisted/lib/unused.js': 'x',
    'node_modules/inner/package.json': '{"main":"main.js"}',
    'node_modules/inner/main.js': 'module.exports = 1',
    'node_modules/inner/README.md': 'x',
    'node_modules/@scope/both/package.json': '{"version":"1.0.0"}',
    'node_modules/@scope/both/index.js': 'console.log(1)',
    'apps/shop/node_modules/@scope/both/package.json': '{"version":"2.0.0"}',
    'apps/shop/node_modules/@scope/both/index.js': 'console.log(2)',
    'apps/shop/index.js': 'import "hoisted/sub"; import "@scope/both"; import "linked"; export default {}',
    'workspace/linked/package.json': '{"name":"linked"}',
    'workspace/linked/index.js': 'import "inner"',
  });
  await symlink('../workspace/linked', join(top, 'node_modules/linked'));
  const { status, err } = await run(['deploy', join(top, 'apps/shop'), '--url', url, '--data', dataDir]);
  assert.equal(status, 0, err);
  assert.deepEqual(Array.from(files.keys()).toSorted(), [
    'index.js',
    'node_modules/@scope/both/index.js',
    'node_modules/@scope/both/package.json',
    'node_modules/hoisted/lib/sub.js',
    'node_modules/hoisted/node_modules/@scope/both/index.js',
    'node_modules/hoisted/node_modules/@scope/both/package.json',
    'node_modules/hoisted/package.json',
    'node_modules/inner/main.js',
    'node_modules/inner/package.json',
    'node_modules/linked/index.js',
    'node_modules/linked/package.json',
  ]);
  assert.equal(files.get('node_modules/@scope/both/index.js'), 'console.log(2)');
});

const NOT_DEPLOYED: [what: string, files: Record<string, string>, says: RegExp][] = [
  ['a syntax error', { 'index.js': 'export default {\n  fetch( => 1\n}' }, /index\.js:2:\d+: .*\(build_failed\)\n$/s],
  ['an import that isn’t there', { 'index.js': 'import "nowhere"' }, /nowhere.*\(build_failed\)\n$/s],
  ['an import from outside', { 'index.js': 'import "../outside.js"', '../outside.js': '' }, /\(path_escape\)\n$/],
  ['no app', { 'README.md': '' }, /\(folder_empty\)\n$/],
];

for (const [what, files, says] of NOT_DEPLOYED) {
  test(`deploy says what is wrong before it uploads: ${what}`, async (t) => {
    const { url, dataDir, asked } = await startControl(t);
    const folder = join(await emptyFolder(t), 'app');
    await writeFiles(folder, files);
    const { status, err } = await run(['deploy', folder, '--url', url, '--data', dataDir]);
    assert.equal(status, 1);
    assert.match(err, says);
    assert.deepEqual(asked, []);
  });
}

test('deploy without a token says so, whatever the upload’s size', async (t) => {
  const { url, dataDir } = await startControl(t);
  const folder = join(await emptyFolder(t), 'app');
  await writeFiles(folder, { 'index.js': 'export default {}', 'big.bin': 'x'.repeat(3e6) });
  const { err } = await run(['deploy', folder, '--url', url, '--data', join(dataDir, 'none')]);
  assert.match(err, /\(unauthorized\)\n$/);
});

/** A host that is only its control plane. */
function hostOf({ url, sessions, dataDir }: Started, seen: ServeOptions[], closed: string[]): StartHost {
  return async (options, onEvent): Promise<RunningHost> => {
    seen.push(options);
    onEvent({ time: '', level: 'warn', event: 'config_warning', app: 'hello', message: 'kv_namespaces is not supported yet' });
    onEvent({ time: '', level: 'error', event: 'app_build_failed', app: 'broken', message: 'Unexpected "}"', position: { file: 'src/index.ts', line: 3, column: 5 } });
    onEvent({ time: '', level: 'info', event: 'app_ready', app: 'hello' });
    const close = async () => void closed.push('closed');
    return { controlUrl: url, appsUrl: 'http://127.0.0.1:3000', loginUrl: `${url}/login?token=${sessions.issueLoginToken()}`, dataDir, close, closed: new Promise(() => undefined) };
  };
}

test('serve passes its options on, shows addresses, and stops at a signal', async (t) => {
  const started = await startControl(t);
  const seen: ServeOptions[] = [];
  const closed: string[] = [];
  let signal = () => undefined as void;
  const { status, out, err } = await run(['serve', 'a', 'b', '--data', started.dataDir, '--port', '0', '--cells', '2', '--grace', '1.5', '--dev', '--agents', 'agents'], {
    startHost: hostOf(started, seen, closed),
    onStopSignal: (listener) => {
      signal = listener;
      return () => undefined;
    },
    onOutput: (text) => {
      if (text.includes('control')) setImmediate(() => signal());
    },
  });
  assert.deepEqual([status, out, closed, seen[0]?.stop?.aborted], [0, '', ['closed'], true]);
  assert.deepEqual(seen.map((options) => ({ ...options, stop: undefined })), [
    { folders: ['a', 'b'], configFile: undefined, host: undefined, controlPort: 0, appsPort: undefined, cells: 2, dataDir: started.dataDir, agentsFolder: 'agents', dev: true, auth: true, graceMs: 1500, stop: undefined },
  ]);
  assert.match(err, /^nanos: warning: hello: kv_namespaces is not supported yet\nnanos: error: broken: src\/index\.ts:3:5: Unexpected "}"\n/);
  assert.match(err, /nanos serves 1 app, 1 not\. Ctrl\+C stops it/);
  assert.match(err, /^ {2}hello {4}http:\/\/hello\.localhost:3000\/$/m);
  assert.match(err, /^ {2}broken {3}failed: src\/index\.ts:3:5: Unexpected "\\u001b\[31m\}" \(build_failed\)$/m);
  assert.match(err, /^ {2}control {2}http:\/\/127\.0\.0\.1:\d+\/login\?token=[\w-]+$/m);
});

test('serve ends at once at a second signal', async (t) => {
  const started = await startControl(t);
  const statuses: number[] = [];
  let signal = () => undefined as void;
  const startHost: StartHost = async (options, onEvent) => ({
    ...(await hostOf(started, [], [])(options, onEvent)),
    close: async () => {
      signal();
      signal();
    },
  });
  await runCli(['serve', '--data', started.dataDir], {
    stdout: { write: () => undefined },
    stderr: { write: (text) => void (text.includes('control') && setImmediate(() => signal())) },
    environment: {},
    startHost,
    onStopSignal: (listener) => {
      signal = listener;
      return () => undefined;
    },
    exit: (status) => statuses.push(status),
  });
  assert.deepEqual(statuses, [1, 1]);
});

test('a signal while the host starts gives the start up, and is no failure', async () => {
  let signal = () => undefined as void;
  const startHost: StartHost = ({ stop }) =>
    new Promise((_, reject) => {
      stop?.addEventListener('abort', () => reject(new NanosError('internal', 'stopped')));
      signal();
    });
  const onStopSignal = (listener: () => void) => {
    signal = listener;
    return () => undefined;
  };
  assert.deepEqual(await run(['serve'], { startHost, onStopSignal }), { status: 0, out: '', err: 'Stopped while it started. What was built is kept\n' });
});

test('serve fails when the host can’t start or ends by itself', async (t) => {
  const started = await startControl(t);
  const inUse = await run(['serve'], { startHost: () => Promise.reject(new NanosError('port_in_use', 'Port 8080 is in use')) });
  assert.deepEqual([inUse.status, inUse.err], [1, 'nanos: Port 8080 is in use (port_in_use)\n']);
  const startHost: StartHost = async (options, onEvent) => ({ ...(await hostOf(started, [], [])(options, onEvent)), closed: Promise.resolve() });
  const ended = await run(['serve', '--data', started.dataDir], { startHost });
  assert.equal(ended.status, 1);
  assert.match(ended.err, /ended by itself.*\(internal\)\n$/);
});

test('a stack is shown only on demand', async () => {
  const startHost: StartHost = () => Promise.reject(new TypeError('a defect'));
  assert.equal((await run(['serve'], { startHost })).err, 'nanos: a defect (internal)\n');
  assert.match((await run(['serve'], { startHost, environment: { NANOS_DEBUG: '1' } })).err, /^ +at /m);
});
