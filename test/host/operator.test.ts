/** The operator's file against what folders ask for; hostnames and ports of apps. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { freePort } from '../../src/host/free-port.ts';
import { httpRequest } from '../support/http-request.ts';
import { startNanos, temporaryFolder, writeFiles } from '../support/start-nanos.ts';

const answering = (text: string): string => `export default { fetch: () => new Response('${text}') };`;
/** Keeps so many MB, far above or below the limits asked for. */
const ALLOCATING = `let kept; export default { fetch(request) {
  const megabytes = Number(new URL(request.url).searchParams.get('mb'));
  kept = Array.from({ length: megabytes }, () => new Array(131072).fill(1.5));
  return new Response(String(kept.length));
} };`;
const BURNING = `export default { fetch(request) {
  const end = Number(new URL(request.url).searchParams.get('n'));
  let sum = 0; for (let i = 0; i < end; i++) sum = (sum + i * i) % 1000003;
  return new Response('burnt ' + sum);
} };`;
const ENV = `export default { fetch: (request, env) => Response.json(env) };`;

const [root, ownPort, operatorPort] = [await temporaryFolder({ after }), await freePort('127.0.0.1'), await freePort('127.0.0.1')];
const config = join(root, 'host.yaml');
const policy = (extra: string): string => `
secrets: [NANOS_TEST_ALLOWED]
limits_max: { memory: 192MB }
tenants:
  greedy: { limits: { cpu_ms: 20000 } }
  trusted: { limits: { memory: 512MB, cpu_ms: 20000 } }
apps:
  - path: listed/folder
    name: from-list
    hostname: Listed.example
    port: ${operatorPort}
    env: { PLAIN: yes-plain, KEY: "\${NANOS_TEST_ALLOWED}", ADDED: 1 }
${extra}`;
await writeFile(config, policy(''));
await writeFiles(root, {
  'listed/folder/index.js': ENV,
  'listed/folder/wrangler.json': '{ "name": "own-name", "main": "index.js", "vars": { "PLAIN": "from the folder", "OWN": true } }',
});

const host = await startNanos({ after }, {
  root,
  args: ['--config', config],
  environment: { NANOS_TEST_ALLOWED: 'the allowed one', NANOS_TEST_OTHER: 'the other one' },
  files: {
    'greedy/index.js': ALLOCATING,
    'greedy/app.nano': 'name: greedy\nlimits: { memory: 2GB }\n',
    'trusted/index.js': ALLOCATING,
    'trusted/app.nano': 'name: trusted\nlimits: { memory: 2GB }\n',
    'burns/index.js': BURNING,
    'burns/app.nano': 'name: burns\nlimits: { cpu_ms: 20000 }\n',
    'reads/index.js': ENV,
    'reads/app.nano': 'name: reads\nenv: { KEY: "${NANOS_TEST_ALLOWED}", OTHER: "${NANOS_TEST_OTHER}" }\n',
    'routed/index.js': answering('routed'),
    'routed/app.nano': `name: routed\nhostnames: [Shop.Example, "bücher.example", "a.com"]\nport: ${ownPort}\n`,
    'hyphened/index.js': answering('hyphened'),
    'hyphened/app.nano': 'name: hyphened\nhostname: a-com\n',
  },
});

test('hosts are compared in one spelling, and exactly', async () => {
  const { appsPort } = host;
  const routed = ['a.com', 'A.com', 'A.COM.', 'a.com:3000', `a.com:${appsPort}`, 'shop.example', 'SHOP.example.:1', 'xn--bcher-kva.example', 'routed.localhost', 'ROUTED.localhost.', `routed.localhost:${appsPort}`];
  for (const name of routed) assert.equal((await host.request('', '/', { headers: { host: name } })).text, 'routed', name);
  assert.equal((await host.request('', '/', { headers: { host: 'a-com' } })).text, 'hyphened');
  const strangers = ['a.com.evil.example', 'xa.com', 'com', 'a.com..', 'routed', '127.0.0.1', 'routed.localhost.example', 'x.routed.localhost', 'a_com'];
  for (const name of strangers) {
    const answer = await host.request('', '/', { headers: { host: name } });
    assert.ok(answer.status === 404 || answer.status === 400, `${name}: ${answer.status}`);
    assert.doesNotMatch(answer.text, /^(routed|hyphened)$/);
  }
});

test('an app’s own port comes before the host', async () => {
  for (const name of [`127.0.0.1:${ownPort}`, 'a-com', 'whatever.example']) {
    assert.equal((await httpRequest({ port: ownPort, path: '/', headers: { host: name } })).text, 'routed', name);
  }
  const status = (await host.control('/v1/apps/routed', 'read')).json() as { urls: string[] };
  assert.ok(status.urls.includes(`http://127.0.0.1:${ownPort}/`));
});

test('a port is given up with the app that had it, and opened for one that takes it', async () => {
  const port = await freePort('127.0.0.1');
  let from = host.logs().length;
  await host.write('hyphened/app.nano', `name: hyphened\nport: ${port}\n`);
  await host.waitForLog(({ event, app }) => event === 'app_serving' && app === 'hyphened', from);
  assert.equal((await httpRequest({ port, path: '/' })).text, 'hyphened');
  from = host.logs().length;
  await host.write('hyphened/app.nano', 'name: hyphened\nhostname: a-com\n');
  await host.waitForLog(({ event, app }) => event === 'app_serving' && app === 'hyphened', from);
  await assert.rejects(httpRequest({ port, path: '/' }), { code: 'ECONNREFUSED' });
  assert.equal((await host.request('', '/', { headers: { host: 'a-com' } })).text, 'hyphened');
});

test('an entry of the operator’s list decides name, hostname, port and env, with the secrets that it allows', async () => {
  const expected = { PLAIN: 'yes-plain', KEY: 'the allowed one', ADDED: 1, OWN: true };
  assert.deepEqual((await host.request('from-list')).json(), expected);
  assert.deepEqual((await host.request('', '/', { headers: { host: 'listed.example' } })).json(), expected);
  assert.deepEqual((await httpRequest({ port: operatorPort, path: '/' })).json(), expected);
  assert.equal((await host.request('own-name')).status, 404);
});

test('a folder’s own ${NAME} is text', async () => {
  assert.deepEqual((await host.request('reads')).json(), { KEY: '${NANOS_TEST_ALLOWED}', OTHER: '${NANOS_TEST_OTHER}' });
});

test('a folder gets no more memory than the operator’s ceiling, unless the operator grants it', async () => {
  const asked = host.logs().find(({ event, app }) => event === 'app_config' && app === 'greedy');
  assert.equal(asked?.message, 'memory: 2048 MB asked for, 192 MB granted');
  assert.equal((await host.request('greedy', '/?mb=100')).text, '100');
  const over = await host.request('greedy', '/?mb=1500');
  assert.deepEqual([over.status, over.headers['x-nanos-error']], [503, 'memory_limit']);
  assert.equal((await host.request('greedy', '/?mb=1')).text, '1');
  assert.equal((await host.request('trusted', '/?mb=400')).text, '400');
});

test('CPU time is not the folder’s to raise', async () => {
  const over = await host.request('burns', '/?n=3000000000');
  assert.deepEqual([over.status, over.headers['x-nanos-error']], [503, 'cpu_limit']);
  assert.equal((await host.request('burns', '/?n=10')).status, 200);
});

test('a reload reads the operator’s file again', async () => {
  const from = host.logs().length;
  await writeFile(config, policy('    limits: { memory: 64MB }\n').replace('ADDED: 1', 'ADDED: 2'));
  assert.equal((await host.control('/v1/reload', 'admin', { method: 'POST' })).status, 200);
  await host.waitForLog(({ event, app }) => event === 'app_serving' && app === 'from-list', from);
  const env = (await host.request('from-list')).json() as { ADDED: number };
  assert.equal(env.ADDED, 2);
});

test('a reload of an operator’s file with a mistake says where it is, and changes nothing', async () => {
  await writeFile(config, policy('limitz: {}\n'));
  const answer = await host.control('/v1/reload', 'admin', { method: 'POST' });
  assert.equal(answer.status, 400, answer.text);
  const { error } = answer.json() as { error: { code: string; position: { line: number } } };
  assert.deepEqual([error.code, error.position.line], ['config_invalid', policy('').split('\n').length]);
  assert.equal((await host.request('from-list')).status, 200);
});

test('host, cells, data and grace of the operator’s file hold, and the command line comes first', async (t) => {
  const files = { 'hello/index.js': answering('hello') };
  const elsewhere = await temporaryFolder(t);
  await writeFile(join(elsewhere, 'nanos.yaml'), `cells: 2\nhost: 127.0.0.2\n`);
  const nanos = await startNanos(t, { files, args: ['--config', join(elsewhere, 'nanos.yaml')] });
  const ready = nanos.logs().find(({ event }) => event === 'host_ready');
  assert.equal(ready?.['cells'], 2);
  assert.match(String(ready['apps_url']), /^http:\/\/127\.0\.0\.2:/);
  await nanos.stop();
  const again = await startNanos(t, { root: nanos.root, args: ['--config', join(elsewhere, 'nanos.yaml'), '--cells', '1', '--host', '127.0.0.1'] });
  const restarted = again.logs().find(({ event }) => event === 'host_ready');
  assert.equal(restarted?.['cells'], 1);
  assert.equal((await again.request('hello')).text, 'hello');
});
