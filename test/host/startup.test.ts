/** What keeps a host, or one of its apps, from starting: exit status, words on stderr, and what is served all the same. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { chmod, symlink, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { runNanos, type RunResult } from '../support/run-nanos.ts';
import { startNanos, temporaryFolder, writeFiles } from '../support/start-nanos.ts';

const GOOD = `export default { fetch: () => new Response('good') };`;
const NOBODY = 65_534;

type Files = Readonly<Record<string, string>>;

/** Runs `nanos serve` on these apps; it is expected to end by itself. */
async function serve(root: string, files: Files, args: readonly string[] = [join(root, 'apps')]): Promise<RunResult> {
  await writeFiles(root, files);
  return runNanos(['serve', '--port', '0', '--apps-port', '0', '--data', join(root, 'data'), ...args], { cwd: root });
}

/** Nothing else than this one line for the person who started it. */
function assertRefused({ code, stderr }: RunResult, pattern: RegExp, status = 1): void {
  assert.equal(code, status, stderr);
  assert.match(stderr, pattern);
  assert.doesNotMatch(stderr, /\n {4}at /, 'a stack is for developers of the host');
}

interface Refusal {
  readonly files: Files;
  readonly says: RegExp;
  readonly status?: number;
  readonly args?: (root: string) => string[];
}

const refusals: Readonly<Record<string, Refusal>> = {
  'a folder that is not there': { files: {}, args: (root) => [join(root, 'none')], says: /nanos: .*\/none.*\(folder_missing\)/ },
  'a file in place of a folder': { files: { 'a-file': '' }, args: (root) => [join(root, 'a-file')], says: /\((folder_missing|folder_unreadable)\)/ },
  'an empty folder': { files: { 'apps/.keep': '' }, says: /There is no app in .*\/apps.* an app has wrangler\.jsonc.*\(folder_empty\)/ },
  'a syntax error': { files: { 'apps/a/index.js': `const fine = 1;\nlet = ;\n` }, says: /nanos: .*index\.js:2:\d+: .*\(build_failed\)/ },
  'an import that does not resolve': { files: { 'apps/a/index.js': `import x from 'no-such-package';\nexport default { fetch: () => new Response(x) };` }, says: /index\.js:1:15: .*no-such-package.*\(build_failed\)/ },
  'a top level that throws': { files: { 'apps/a/index.js': `\n\nthrow new RangeError('Too far');` }, says: /index\.js:3:\d+: .*Too far.*\(app_failed_to_start\)/ },
  'a top level that throws what is no error': { files: { 'apps/a/index.js': `throw { get message() { for (;;); } };` }, says: /\(app_failed_to_start\)/ },
  'a top level that loops': { files: { 'apps/a/index.js': `for (;;);` }, says: /ran longer than 1000 ms.*\(app_failed_to_start\)/ },
  'a top level that allocates without end': { files: { 'apps/a/index.js': `const all = []; for (;;) all.push(new Array(1e5).fill(0));` }, says: /more than 128 MB of memory.*\(app_failed_to_start\)/ },
  'an app without a handler': { files: { 'apps/a/index.js': `export default {};` }, says: /handles nothing.*\(build_failed\)/ },
  'a wrangler.toml with a syntax error': { files: { 'apps/a/wrangler.toml': `name = "a"\nmain = \n`, 'apps/a/index.js': GOOD }, says: /wrangler\.toml:2:\d+: .*\(config_invalid\)/ },
  'a wrangler.jsonc with a syntax error': { files: { 'apps/a/wrangler.jsonc': `{\n  "name": "a"\n  "main": "index.js" }`, 'apps/a/index.js': GOOD }, says: /wrangler\.jsonc:3:3: .*\(config_invalid\)/ },
  'an app.nano with an unknown key': { files: { 'apps/a/app.nano': `name: a\nmian: index.js\n`, 'apps/a/index.js': GOOD }, says: /app\.nano:2:1: .*mian.*main.*\(config_invalid\)/ },
  'a name that is no DNS label': { files: { 'apps/a/wrangler.json': `{ "name": "Bad_Name", "main": "index.js" }`, 'apps/a/index.js': GOOD }, says: /wrangler\.json:1:11: .*Bad_Name.*DNS label.*\(app_name_invalid\)/ },
  'a folder whose name is no DNS label': { files: { 'apps/not a name/index.js': GOOD }, says: /not a name.*DNS label.*\(app_name_invalid\)/ },
  'a main outside of the folder': { files: { 'apps/a/wrangler.json': `{ "name": "a", "main": "../outside.js" }`, 'apps/outside.js': GOOD }, says: /\(path_escape\)/ },
  'two apps with one name': {
    files: { 'apps/a/index.js': GOOD, 'apps/b/index.js': GOOD, 'apps/b/wrangler.json': `{ "name": "a", "main": "index.js" }` },
    says: /Two apps have the name a: .*\/apps\/a and .*\/apps\/b.*\(app_clash\)/,
  },
  'two apps with one port': {
    files: { 'apps/a/index.js': GOOD, 'apps/a/app.nano': 'name: a\nport: 18123\n', 'apps/b/index.js': GOOD, 'apps/b/app.nano': 'name: b\nport: 18123\n' },
    says: /port 18123.*\(app_clash\)/,
  },
  'two apps with one hostname, spelled differently': {
    files: { 'apps/a/index.js': GOOD, 'apps/a/app.nano': 'name: a\nhostname: shop.example\n', 'apps/b/index.js': GOOD, 'apps/b/app.nano': 'name: b\nhostname: SHOP.example.\n' },
    says: /hostname shop\.example.*\(app_clash\)/,
  },
  'an operator’s file that is not there': { files: { 'apps/a/index.js': GOOD }, args: (root) => [join(root, 'apps'), '--config', join(root, 'none.yaml')], says: /none\.yaml.*\((config_invalid|folder_missing)\)/ },
  'an operator’s file with an unknown key': {
    files: { 'apps/a/index.js': GOOD, 'nanos.yaml': 'limits:\n  memroy: 1GB\n' },
    says: /nanos\.yaml:2:3: .*memroy.*memory.*\(config_invalid\)/,
  },
  'an option that does not exist': { files: {}, args: () => ['--potr', '1'], says: /^nanos: unknown option '--potr'\n\(Did you mean --port\?\) \(usage\)\n$/, status: 2 },
  'no authentication on a public address': { files: {}, args: () => ['--host', '0.0.0.0', '--no-auth'], says: /--no-auth.*loopback.*\(usage\)/, status: 2 },
};

test('what can not be served ends the host with status 1, what can not be understood with 2', { concurrency: 2 }, async (t) => {
  await Promise.all(
    Object.entries(refusals).map(([name, { files, args, says, status }]) =>
      t.test(name, async (inner) => {
        const root = await temporaryFolder(inner);
        assertRefused(await serve(root, files, args?.(root)), says, status);
      }),
    ),
  );
});

async function takenPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

for (const option of ['--port', '--apps-port']) {
  test(`${option} in use`, async (t) => {
    const [root, port] = [await temporaryFolder(t), await takenPort(t)];
    const result = await serve(root, { 'apps/a/index.js': GOOD }, [join(root, 'apps'), option, String(port)]);
    assertRefused(result, new RegExp(`Port ${port} is in use by another program.*\\(port_in_use\\)`));
  });
}

test('an app’s own port in use', async (t) => {
  const [root, port] = [await temporaryFolder(t), await takenPort(t)];
  const result = await serve(root, { 'apps/a/index.js': GOOD, 'apps/a/app.nano': `name: a\nport: ${port}\n` });
  assertRefused(result, new RegExp(`Port ${port} is in use by another program.*\\(port_in_use\\)`));
});

test('a folder that may not be read', { skip: process.geteuid?.() === 0 ? false : 'only root can become somebody else' }, async (t) => {
  const root = await temporaryFolder(t);
  await writeFiles(root, { 'apps/a/index.js': GOOD });
  await chmod(root, 0o755);
  await chmod(join(root, 'apps'), 0o700);
  const data = await temporaryFolder(t);
  await chmod(data, 0o777);
  const result = await runNanos(['serve', join(root, 'apps'), '--port', '0', '--apps-port', '0', '--data', join(data, 'data')], { cwd: root, uid: NOBODY });
  assertRefused(result, /\/apps.*\(folder_unreadable\)/);
});

// Beside a good app, a broken one costs only itself.

const outside = await temporaryFolder({ after });
await writeFile(join(outside, 'secret.js'), `export const secret = 'from outside';`);
const linked = await temporaryFolder({ after });
await writeFiles(linked, { 'apps/linked/index.js': `import { secret } from './link.js'; export default { fetch: () => new Response(secret) };` });
await symlink(join(outside, 'secret.js'), join(linked, 'apps/linked/link.js'));

const host = await startNanos({ after }, {
  root: linked,
  files: {
    'good/index.js': GOOD,
    'syntax/index.js': 'let = ;',
    'config/wrangler.toml': 'name = ',
    'config/index.js': GOOD,
    'loops/index.js': 'for (;;);',
    'freezes-global/index.js': `Object.freeze(globalThis);\n${GOOD}`,
    'freezes-object/index.js': `Object.freeze(Object); Object.freeze(Object.prototype);\n${GOOD}`,
    'seals-json/index.js': `Object.seal(JSON);\n${GOOD}`,
    'keeps-intl/index.js': `const format = new Intl.DateTimeFormat('en', { timeZone: 'UTC' }); const number = new Intl.NumberFormat('de');
export default { fetch: () => new Response(format.format(new Date(0)) + ' ' + number.format(1234.5)) };`,
    // large enough to be snapshotted, which is where such top levels abort V8
    'large-freezes/index.js': `const table = ${JSON.stringify('x'.repeat(400_000))};\nObject.freeze(globalThis); Object.freeze(Object); Object.seal(JSON);\n${GOOD.replace("'good'", 'String(table.length)')}`,
    'large-intl/index.js': `const table = ${JSON.stringify('x'.repeat(400_000))};\nconst number = new Intl.NumberFormat('de'); const registry = new FinalizationRegistry(() => {}); registry.register({}, 1);
export default { fetch: () => new Response(number.format(table.length)) };`,
  },
});

for (const [app, text] of Object.entries({
  good: 'good',
  'freezes-global': 'good',
  'freezes-object': 'good',
  'seals-json': 'good',
  'keeps-intl': '1/1/1970 1.234,5',
  'large-freezes': '400000',
  'large-intl': '400.000',
})) {
  test(`${app} is served`, async () => {
    for (let times = 0; times < 2; times++) {
      const answer = await host.request(app);
      assert.deepEqual([answer.status, answer.text], [200, text]);
    }
  });
}

test('apps that can not be started are named with their reasons, and their clients get an answer', async () => {
  for (const [app, code] of [['syntax', 'build_failed'], ['loops', 'app_failed_to_start'], ['linked', 'path_escape']] as const) {
    const { level, code: logged } = await host.waitForLog((line) => line.event === 'app_build_failed' && line.app === app);
    assert.deepEqual([level, logged], ['error', code]);
    assert.match(host.stderr, new RegExp(`^  ${app} +failed: .*\\(${code}\\)$`, 'm'));
    const answer = await host.request(app);
    assert.deepEqual([answer.status, answer.headers['x-nanos-error']], [500, 'app_failed_to_start']);
    assert.ok(!answer.text.includes(host.root), 'the answer shows the host’s folders');
  }
  const invalid = await host.waitForLog(({ event }) => event === 'app_config_invalid');
  assert.equal(invalid['code'], 'config_invalid');
  assert.match(host.stderr, /config\/wrangler\.toml:1:\d+/);
  assert.equal((await host.request('config')).status, 404);
});
