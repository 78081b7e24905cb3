/** Uploads through the real command line, and the control plane beside it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { httpRequest } from '../support/http-request.ts';
import { runNanos, type RunResult } from '../support/run-nanos.ts';
import { BIN_NANOS, startNanos, temporaryFolder, writeFiles } from '../support/start-nanos.ts';

const answering = (text: string): string => `console.log('top of ${text}'); export default { fetch() { console.log('asked ${text}'); return new Response('${text}'); } };`;

const host = await startNanos({ after }, { files: { 'local/index.js': answering('local') } });
const uploads = await temporaryFolder({ after });

function nanos(...args: readonly string[]): Promise<RunResult> {
  return runNanos([...args, '--url', host.controlUrl, '--data', host.dataFolder], { cwd: uploads });
}

async function done(...args: readonly string[]): Promise<RunResult> {
  const result = await nanos(...args);
  assert.equal(result.code, 0, result.stderr);
  return result;
}

async function refused(pattern: RegExp, ...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await nanos(...args);
  assert.deepEqual([code, stdout], [1, ''], stderr);
  assert.match(stderr, pattern);
}

test('deploy, deploy again, roll back, undeploy', async () => {
  await writeFiles(uploads, { 'shop/index.js': answering('one') });
  const first = await done('deploy', 'shop');
  assert.match(first.stderr, new RegExp(`Deployed shop, version 1\n  http://shop\\.localhost:${host.appsPort}/\n$`));
  assert.equal((await host.request('shop')).text, 'one');

  await writeFiles(uploads, { 'shop/index.js': `import { text } from './lib/text.ts'; export default { fetch: () => new Response(text) };`, 'shop/lib/text.ts': `export const text: string = 'two';` });
  const second = await done('deploy', 'shop', '--json');
  const { name, version, versions, source } = JSON.parse(second.stdout) as Record<string, unknown>;
  assert.deepEqual({ name, version, versions, source }, { name: 'shop', version: 2, versions: [2, 1], source: 'deployed' });
  assert.equal((await host.request('shop')).text, 'two');

  await done('rollback', 'shop');
  assert.equal((await host.request('shop')).text, 'one');
  await done('rollback', 'shop', '--to', '2');
  assert.equal((await host.request('shop')).text, 'two');
  await refused(/no version 7.*2, 1.*\(not_found\)/, 'rollback', 'shop', '--to', '7');

  const list = await done('apps', '--json');
  assert.deepEqual((JSON.parse(list.stdout) as { name: string; version: number }[]).map((app) => [app.name, app.version]), [['local', 1], ['shop', 2]]);
  assert.match((await done('apps')).stdout, new RegExp(`^NAME +STATE +VERSION +RESIDENT +CELL +URL\nlocal +ready +1 .*\nshop +ready +2 +\\d+ +0 +http://shop\\.localhost:${host.appsPort}/\n$`));

  await done('undeploy', 'shop');
  assert.deepEqual([(await host.request('shop')).status, (await host.request('local')).text], [404, 'local']);
  await refused(/shop.*\(not_found\)/, 'undeploy', 'shop');
});

test('an upload that can not be built leaves the version before, and no trace of itself', async () => {
  await writeFiles(uploads, { 'fragile/index.js': answering('whole') });
  await done('deploy', 'fragile');
  await writeFiles(uploads, { 'fragile/index.js': 'let = ;' });
  await refused(/nanos: index\.js:1:\d+: .*\(build_failed\)/, 'deploy', 'fragile');
  await writeFiles(uploads, { 'fragile/index.js': 'throw new Error("No");' });
  await refused(/index\.js:1:\d+: .*No.*\(app_failed_to_start\)/, 'deploy', 'fragile');
  assert.equal((await host.request('fragile')).text, 'whole');
  const status = (await host.control('/v1/apps/fragile', 'read')).json() as { version: number; versions: number[]; state: string };
  assert.deepEqual([status.version, status.versions, status.state], [1, [1], 'ready']);
});

test('a first upload that can not be built is not there at all', async () => {
  await writeFiles(uploads, { 'stillborn/index.js': 'for (;;);' });
  await refused(/\(app_failed_to_start\)/, 'deploy', 'stillborn');
  assert.equal((await host.request('stillborn')).status, 404);
  assert.equal((await host.control('/v1/apps/stillborn', 'read')).status, 404);
});

test('an upload can not take the place of a served folder, nor can that be undeployed', async () => {
  await writeFiles(uploads, { 'impostor/index.js': answering('impostor') });
  await refused(/local.*\(app_clash\)/, 'deploy', 'impostor', '--name', 'local');
  await refused(/local.*\(forbidden\)/, 'undeploy', 'local');
  await writeFiles(uploads, { 'impostor/app.nano': 'name: impostor\nhostname: LOCAL.localhost\n' });
  await refused(/\(app_clash\)/, 'deploy', 'impostor');
  assert.equal((await host.request('local')).text, 'local');
});

test('what was deployed is served again after a restart, at the version that served', async (t) => {
  const before = await startNanos(t, { files: { 'local/index.js': answering('local') } });
  const target = ['--url', before.controlUrl, '--data', before.dataFolder];
  for (const text of ['first', 'second', 'third']) {
    await writeFiles(uploads, { 'kept/index.js': answering(text) });
    const { code, stderr } = await runNanos(['deploy', 'kept', ...target], { cwd: uploads });
    assert.equal(code, 0, stderr);
  }
  assert.equal((await runNanos(['rollback', 'kept', ...target])).code, 0);
  await before.kill();
  const again = await startNanos(t, { root: before.root });
  assert.equal((await again.request('kept')).text, 'second');
  const { version, versions } = (await again.control('/v1/apps/kept', 'read')).json() as { version: number; versions: number[] };
  assert.deepEqual([version, versions], [2, [3, 2, 1]]);
  const line = again.logs().find(({ event, app }) => event === 'app_serving' && app === 'kept');
  assert.equal(line?.['reused'], true);
});

test('logs --follow goes on, and shows the app that was asked for', async (t) => {
  const follow = spawn(BIN_NANOS, ['logs', 'local', '--follow', '--json', '--url', host.controlUrl, '--data', host.dataFolder], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => follow.kill('SIGKILL'));
  const lines = createInterface({ input: follow.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Record<string, unknown>> => JSON.parse(String((await lines.next()).value)) as Record<string, unknown>;
  assert.equal((await next())['event'], 'app_serving');
  await writeFiles(uploads, { 'other/index.js': answering('other') });
  await done('deploy', 'other');
  await host.request('other');
  const { headers } = await host.request('local');
  let line = await next();
  while (line['message'] !== 'asked local' || line['request_id'] !== headers['x-request-id']) {
    assert.equal(line['app'], 'local');
    line = await next();
  }
  assert.deepEqual([line['level'], line['event']], ['info', 'console']);
  follow.kill('SIGINT');
  await once(follow, 'close');
});

test('logs prints what was, for people', async () => {
  await host.request('local');
  await host.waitForLog((line) => line.app === 'local' && line.message === 'asked local');
  const { stdout } = await done('logs', 'local', '--tail', '1');
  assert.match(stdout, /^\d{4}-\S+Z (INFO|DEBUG) +local \S+.*\n$/);
});

test('without a host, or with a wrong token, it says so', async () => {
  const nobody = await runNanos(['apps', '--url', 'http://127.0.0.1:1']);
  assert.deepEqual([nobody.code, nobody.stdout], [1, '']);
  assert.match(nobody.stderr, /No host answers at http:\/\/127\.0\.0\.1:1.*\(host_unreachable\)/);
  const stranger = await runNanos(['apps', '--url', host.controlUrl, '--token', 'x'.repeat(30)]);
  assert.equal(stranger.code, 1);
  assert.match(stranger.stderr, /\(unauthorized\)/);
  const reader = await runNanos(['undeploy', 'local', '--url', host.controlUrl, '--token', await host.token('read')]);
  assert.match(reader.stderr, /scope admin.*\(forbidden\)/);
});

test('what each token may do', async () => {
  const asked = [
    ['GET', '/v1/apps'],
    ['GET', '/v1/logs?follow=0'],
    ['GET', '/metrics'],
    ['POST', '/v1/reload'],
    ['POST', '/v1/apps'],
    ['DELETE', '/v1/apps/none'],
    ['POST', '/v1/apps/none/rollback'],
  ] as const;
  const statuses = async (scope: Parameters<typeof host.control>[1]): Promise<number[]> => {
    const answers = asked.map(([method, path]) => (scope === undefined ? httpRequest({ port: Number(new URL(host.controlUrl).port), path, method }) : host.control(path, scope, { method })));
    return (await Promise.all(answers)).map(({ status }) => status);
  };
  assert.deepEqual(await statuses(undefined), [401, 401, 401, 401, 401, 401, 401]);
  assert.deepEqual(await statuses('inference'), [403, 403, 403, 403, 403, 403, 403]);
  assert.deepEqual(await statuses('read'), [200, 200, 200, 403, 403, 403, 403]);
  assert.deepEqual(await statuses('admin'), [200, 200, 200, 200, 400, 404, 404]);
});

test('health needs no token, and every request must name a host of its own', async () => {
  const port = Number(new URL(host.controlUrl).port);
  for (const path of ['/healthz', '/readyz']) assert.equal((await httpRequest({ port, path })).status, 200);
  for (const name of ['evil.example', `evil.example:${port}`, 'localhost.evil.example']) {
    assert.equal((await httpRequest({ port, path: '/healthz', headers: { host: name } })).status, 403);
  }
  const foreign = await host.control('/v1/reload', 'admin', { method: 'POST', headers: { origin: 'http://evil.example' } });
  assert.equal(foreign.status, 403);
  const own = await host.control('/v1/reload', 'admin', { method: 'POST', headers: { origin: host.controlUrl.slice(0, -1) } });
  assert.equal(own.status, 200);
});

test('the printed link works once, and its cookie stands for the operator on the same site only', async () => {
  const { host: name, port, pathname, search } = new URL(host.loginUrl);
  const logIn = () => httpRequest({ port: Number(port), path: pathname + search, headers: { host: name } });
  const first = await logIn();
  const [cookie = ''] = first.headers['set-cookie'] ?? [];
  assert.equal(first.status, 303);
  assert.match(cookie, /; HttpOnly; SameSite=Strict/);
  assert.equal((await logIn()).status, 401);
  const withCookie = (headers: Record<string, string>) => httpRequest({ port: Number(port), path: '/v1/apps', headers: { host: name, cookie: cookie.split(';')[0], ...headers } });
  assert.equal((await withCookie({})).status, 200);
  assert.equal((await withCookie({ origin: 'http://evil.example' })).status, 403);
  assert.equal((await withCookie({ 'sec-fetch-site': 'same-site' })).status, 403);
});

test('metrics tell the apps apart', async () => {
  await host.request('local');
  const { text } = await host.control('/metrics', 'read');
  assert.match(text, /^nanos_app_requests_total\{[^}]*app="local"[^}]*outcome="ok"[^}]*\} [1-9]\d*$/m);
});

test('versions beyond the last five are dropped', async () => {
  for (let version = 1; version <= 7; version++) {
    await writeFiles(uploads, { 'many/index.js': answering(`version ${version}`) });
    await done('deploy', 'many');
  }
  const { versions } = (await host.control('/v1/apps/many', 'read')).json() as { versions: number[] };
  assert.deepEqual(versions, [7, 6, 5, 4, 3]);
  await done('rollback', 'many', '--to', '3');
  assert.equal((await host.request('many')).text, 'version 3');
});

test('an upload of two apps at once, and of one twice', async () => {
  await Promise.all(['left', 'right'].map((name) => mkdir(join(uploads, name), { recursive: true })));
  await writeFiles(uploads, { 'left/index.js': answering('left'), 'right/index.js': answering('right') });
  await Promise.all([done('deploy', 'left'), done('deploy', 'right'), done('deploy', 'right')]);
  assert.deepEqual([(await host.request('left')).text, (await host.request('right')).text], ['left', 'right']);
  const { version, versions } = (await host.control('/v1/apps/right', 'read')).json() as { version: number; versions: number[] };
  assert.deepEqual([version, versions], [2, [2, 1]]);
});
