import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { AppStatus, HostStatus, LogEvent, LogFilter } from '../../protocol/control.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { HostControl } from '../../protocol/control.ts';
import { NO_RUNS } from './test-no-runs.ts';
import { createControlServer } from './create-control-server.ts';
import { SessionStore } from './session-store.ts';
import { TokenStore, type Tokens } from './token-store.ts';

/** A host of one app, `hello`, that remembers what it was asked. */
class OneAppHost implements HostControl {
  readonly asked: string[] = [];
  readonly uploads: Record<string, string>[] = [];
  readonly listeners = new Set<(event: LogEvent) => void>();
  readonly models = { list: async () => [], open: () => Promise.reject(new NanosError('model_missing', 'There is no model')) };
  ready = true;
  failure: Error | undefined;
  status: AppStatus = {
    name: 'hello', state: 'ready', version: 2, source: 'deployed', folder: '/apps/hello/2', urls: ['http://hello.localhost:3000/'],
    versions: [2, 1], error: undefined, residents: 1, cells: [0],
  };

  isReady(): boolean {
    return this.ready;
  }
  async apps(): Promise<AppStatus[]> {
    return [this.status];
  }
  async app(name: string): Promise<AppStatus> {
    if (name !== 'hello') throw new NanosError('not_found', `There is no app named ${name}`);
    return this.status;
  }
  async deploy(folder: string, name: string | undefined): Promise<AppStatus> {
    if (this.failure !== undefined) throw this.failure;
    this.asked.push(`deploy ${basename(folder)} ${name}`);
    const files = await readdir(folder);
    this.uploads.push(Object.fromEntries(await Promise.all(files.map(async (file) => [file, await readFile(join(folder, file), 'utf8')]))));
    return this.status;
  }
  async rollback(name: string, version: number | undefined): Promise<AppStatus> {
    this.asked.push(`rollback ${name} ${version}`);
    return this.status;
  }
  async undeploy(name: string): Promise<void> {
    this.asked.push(`undeploy ${name}`);
  }
  async trigger(name: string, { cron, timeMs }: { cron: string; timeMs: number }): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.asked.push(`trigger ${name} ${cron} ${timeMs}`);
  }
  async reload(): Promise<AppStatus[]> {
    this.asked.push('reload');
    return [this.status];
  }
  recentLogs(filter: LogFilter, count: number): LogEvent[] {
    return ['a', 'b', 'c'].slice(-count).map((message) => ({ time: 't', level: 'info', event: 'console', app: filter.app ?? 'hello', message }));
  }
  followLogs(_filter: LogFilter, listener: (event: LogEvent) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
  async hostStatus(): Promise<HostStatus> {
    const apps = { building: 0, ready: 1, failed: 0, quarantined: 0 };
    const agents = { configured: false, process: 'none' as const, threads: 0, running: 0, waiting: 0, memory_bytes: 0 };
    return { version: '1.2.3', started_at: '2026-01-02T03:04:05.678Z', apps, cells: 1, second_wall: { user: 'nobody', no_new_privs: true, seccomp: false, missing: [] }, agents, memory_bytes: 1 };
  }
  readonly runs = NO_RUNS;
  async metrics(): Promise<string> {
    return '# HELP nanos_up\nnanos_up 1\n';
  }
}

interface Control {
  readonly host: OneAppHost;
  readonly port: number;
  readonly tokens: Tokens;
  readonly sessions: SessionStore;
  readonly dataDir: string;
  readonly errors: unknown[];
}

async function start(t: TestContext, { auth = true, allowedHosts = [] as string[] } = {}): Promise<Control> {
  const dataDir = await mkdtemp(join(tmpdir(), 'nanos-control-'));
  const tokens = await TokenStore.open(dataDir);
  const sessions = new SessionStore();
  const host = new OneAppHost();
  const errors: unknown[] = [];
  const server = createControlServer(host, { tokens, sessions, allowedHosts, auth, dataDir, onError: (error) => errors.push(error) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  return { host, port: (server.address() as AddressInfo).port, tokens: tokens.tokens, sessions, dataDir, errors };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly code: string | undefined;
}

interface Ask {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly token?: string;
  readonly body?: string | Buffer;
}

async function open({ port }: Control, path: string, { method = 'GET', headers = {}, token, body }: Ask = {}): Promise<IncomingMessage> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const asking = request({ host: '127.0.0.1', port, path, method, headers: { ...authorization, ...headers }, agent: false });
  asking.end(body);
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  return response;
}

async function ask(control: Control, path: string, options: Ask = {}): Promise<Answer> {
  const response = await open(control, path, options);
  const body = await text(response);
  const code = response.headers['x-nanos-error'];
  return { status: response.statusCode ?? 0, headers: response.headers, body, code: typeof code === 'string' ? code : undefined };
}

async function upload(files: Record<string, string>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
  tar.finalize();
  return gzipSync(await buffer(tar));
}

const GZIP = { 'content-type': 'application/gzip' };

test('health and readiness are open', async (t) => {
  const control = await start(t);
  assert.equal((await ask(control, '/healthz')).body, 'ok\n');
  assert.equal((await ask(control, '/readyz')).status, 200);
  control.host.ready = false;
  const notReady = await ask(control, '/readyz');
  assert.equal(notReady.status, 503);
  assert.equal(notReady.headers['retry-after'], '1');
  assert.equal((await ask(control, '/healthz')).status, 200);
});

const NEEDS: [method: string, path: string, scope: 'read' | 'admin'][] = [
  ['GET', '/metrics', 'read'],
  ['GET', '/v1/apps', 'read'],
  ['GET', '/v1/apps/hello', 'read'],
  ['GET', '/v1/logs', 'read'],
  ['POST', '/v1/reload', 'admin'],
  ['POST', '/v1/apps/hello/rollback', 'admin'],
  ['POST', '/v1/apps/hello/trigger', 'admin'],
  ['DELETE', '/v1/apps/hello', 'admin'],
];

for (const [method, path, scope] of NEEDS) {
  test(`${method} ${path} needs the scope ${scope}`, async (t) => {
    const control = await start(t);
    const nobody = await ask(control, path, { method });
    assert.deepEqual([nobody.status, nobody.code, nobody.headers['www-authenticate']], [401, 'unauthorized', 'Bearer realm="nanos"']);
    for (const token of ['x', `${control.tokens.admin}x`, control.tokens.admin.slice(1)]) {
      assert.equal((await ask(control, path, { method, token })).status, 401);
    }
    assert.equal((await ask(control, path, { method, token: control.tokens.inference })).status, 403);
    assert.equal((await ask(control, path, { method, token: control.tokens.read })).status === 403, scope === 'admin');
    const body = path.endsWith('/trigger') ? { body: '{"cron":"* * * * *"}' } : {};
    assert.ok((await ask(control, path, { method, ...body, token: control.tokens.admin })).status < 300);
  });
}

test('an upload is refused without the scope admin', async (t) => {
  const control = await start(t);
  const body = await upload({ 'index.js': 'x' });
  assert.equal((await ask(control, '/v1/apps', { method: 'POST', headers: GZIP, body })).status, 401);
  assert.equal((await ask(control, '/v1/apps', { method: 'POST', headers: GZIP, body, token: control.tokens.read })).status, 403);
  assert.deepEqual(control.host.uploads, []);
});

test('lists apps and shows one', async (t) => {
  const control = await start(t);
  const token = control.tokens.read;
  assert.equal(JSON.parse((await ask(control, '/v1/apps', { token })).body).apps[0].name, 'hello');
  assert.equal(JSON.parse((await ask(control, '/v1/apps/hello', { token })).body).version, 2);
  assert.equal((await ask(control, '/v1/apps/other', { token })).code, 'not_found');
  assert.equal((await ask(control, '/v1/apps/Not%20A%2FName', { token })).code, 'not_found');
  assert.equal((await ask(control, '/v1/apps/%E0%A4%A', { token })).code, 'bad_request');
});

test('metrics have Prometheus’ type', async (t) => {
  const control = await start(t);
  const { headers, body } = await ask(control, '/metrics', { token: control.tokens.read });
  assert.match(headers['content-type'] ?? '', /^text\/plain; version=0\.0\.4/);
  assert.match(body, /nanos_up 1/);
});

test('unpacks an upload, deploys it, and keeps nothing else', async (t) => {
  const control = await start(t);
  const body = await upload({ 'index.js': 'export default {}', 'app.nano': 'name: hello' });
  const answer = await ask(control, '/v1/apps?folder=my-app', { method: 'POST', headers: GZIP, body, token: control.tokens.admin });
  assert.equal(answer.status, 201);
  assert.equal(JSON.parse(answer.body).name, 'hello');
  assert.deepEqual(control.host.uploads, [{ 'index.js': 'export default {}', 'app.nano': 'name: hello' }]);
  await ask(control, '/v1/apps?name=other&folder=my-app', { method: 'POST', headers: GZIP, body, token: control.tokens.admin });
  assert.deepEqual(control.host.asked, ['deploy my-app undefined', 'deploy other other']);
  assert.deepEqual(await readdir(join(control.dataDir, 'tmp')), []);
});

test('a failed build keeps its position, and its upload is removed', async (t) => {
  const control = await start(t);
  control.host.failure = new NanosError('build_failed', 'Unexpected "}"', { position: { file: 'index.js', line: 3, column: 5 } });
  const answer = await ask(control, '/v1/apps', { method: 'POST', headers: GZIP, body: await upload({ 'index.js': '}' }), token: control.tokens.admin });
  assert.equal(answer.status, 422);
  const { error } = JSON.parse(answer.body);
  assert.deepEqual([error.code, error.message, error.position], ['build_failed', 'Unexpected "}"', { file: 'index.js', line: 3, column: 5 }]);
  assert.match(error.request_id, /^[0-9a-f-]{36}$/);
  assert.deepEqual(await readdir(join(control.dataDir, 'tmp')), []);
});

test('an unforeseen error shows no detail to the client and all to the host', async (t) => {
  const control = await start(t);
  control.host.failure = new Error('secret detail');
  const answer = await ask(control, '/v1/apps', { method: 'POST', headers: GZIP, body: await upload({ a: '' }), token: control.tokens.admin });
  assert.deepEqual([answer.status, answer.code], [500, 'internal']);
  assert.doesNotMatch(answer.body, /secret/);
  assert.deepEqual(control.errors, [control.host.failure]);
});

test('refuses uploads that are no upload', async (t) => {
  const control = await start(t);
  const token = control.tokens.admin;
  const post = (path: string, headers: Record<string, string>, body: string | Buffer) => ask(control, path, { method: 'POST', headers, body, token });
  assert.equal((await post('/v1/apps', {}, 'x')).code, 'upload_invalid');
  assert.equal((await post('/v1/apps', GZIP, 'x')).code, 'upload_invalid');
  assert.equal((await post('/v1/apps', GZIP, '')).code, 'upload_invalid');
  assert.equal((await post('/v1/apps?name=No', GZIP, '')).code, 'app_name_invalid');
  assert.equal((await post('/v1/apps?name=../x', GZIP, '')).code, 'app_name_invalid');
  assert.equal((await post('/v1/apps', GZIP, await upload({ '../x': '' }))).code, 'path_escape');
  assert.deepEqual(await readdir(join(control.dataDir, 'tmp')), []);
});

test('a content-length past the limit is refused before the body is sent', async (t) => {
  const control = await start(t);
  const headers = { ...GZIP, 'content-length': '10000000000', authorization: `Bearer ${control.tokens.admin}` };
  const asking = request({ host: '127.0.0.1', port: control.port, path: '/v1/apps', method: 'POST', headers });
  asking.on('error', () => undefined);
  asking.flushHeaders();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  assert.equal(response.statusCode, 413);
  asking.destroy();
});

test('a client that waits for 100 (Continue) gets it only when its upload is wanted', async (t) => {
  const control = await start(t);
  const body = await upload({ 'index.js': 'x' });
  for (const [token, status] of [['wrong', 401], [control.tokens.admin, 201]] as const) {
    const headers = { ...GZIP, expect: '100-continue', 'content-length': body.length, authorization: `Bearer ${token}` };
    const asking = request({ host: '127.0.0.1', port: control.port, path: '/v1/apps', method: 'POST', headers });
    let continued = false;
    asking.on('error', () => undefined);
    asking.on('continue', () => {
      continued = true;
      asking.end(body);
    });
    asking.flushHeaders();
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    assert.deepEqual([response.statusCode, continued], [status, status === 201]);
    asking.destroy();
  }
});

test('a client that goes away half-way leaves nothing', async (t) => {
  const control = await start(t);
  const headers = { ...GZIP, 'content-length': 1e6, authorization: `Bearer ${control.tokens.admin}` };
  const asking = request({ host: '127.0.0.1', port: control.port, path: '/v1/apps', method: 'POST', headers });
  asking.on('error', () => undefined);
  asking.write((await upload({ 'index.js': 'x'.repeat(1000) })).subarray(0, 40));
  const folder = join(control.dataDir, 'tmp');
  const uploads = () => readdir(folder).catch(() => []);
  while ((await uploads()).length === 0) await new Promise(setImmediate);
  asking.destroy();
  while ((await uploads()).length > 0) await new Promise(setImmediate);
  assert.deepEqual(control.host.uploads, []);
});

test('a trigger takes a pattern and perhaps a time', async (t) => {
  const control = await start(t);
  const post = (body: string) => ask(control, '/v1/apps/hello/trigger', { method: 'POST', body, token: control.tokens.admin });
  assert.equal((await post('{ "cron": "* * * * *", "scheduled_time": 5 }')).status, 204);
  for (const wrong of ['', '{}', '{ "cron": 5 }', '{ "cron": "" }', '{ "cron": "*", "scheduled_time": -1 }', '{ "cron": "*", "more": 1 }']) assert.equal((await post(wrong)).status, 400, wrong);
  assert.deepEqual(control.host.asked, ['trigger hello * * * * * 5']);
});

test('rollback takes a version or none, and nothing else', async (t) => {
  const control = await start(t);
  const post = (body: string) => ask(control, '/v1/apps/hello/rollback', { method: 'POST', body, token: control.tokens.admin });
  assert.equal((await post('')).status, 200);
  assert.equal((await post('{"version":1}')).status, 200);
  assert.deepEqual(control.host.asked, ['rollback hello undefined', 'rollback hello 1']);
  for (const body of ['{', '[]', '{"version":"1"}', '{"version":0}', '{"version":1.5}', '{"other":1}', 'null']) {
    assert.equal((await post(body)).code, 'bad_request', body);
  }
  assert.equal((await post('x'.repeat(65_537))).code, 'body_too_large');
});

test('undeploy and reload reach the host', async (t) => {
  const control = await start(t);
  const token = control.tokens.admin;
  assert.equal((await ask(control, '/v1/apps/hello', { method: 'DELETE', token })).status, 204);
  assert.equal(JSON.parse((await ask(control, '/v1/reload', { method: 'POST', token })).body).apps.length, 1);
  assert.deepEqual(control.host.asked, ['undeploy hello', 'reload']);
});

test('unknown paths and methods', async (t) => {
  const control = await start(t);
  const token = control.tokens.admin;
  assert.equal((await ask(control, '/nothing', { token })).code, 'not_found');
  assert.equal((await ask(control, '/v1/apps/', { token })).code, 'not_found');
  const wrong = await ask(control, '/v1/apps', { method: 'PUT', token });
  assert.deepEqual([wrong.status, wrong.code, wrong.headers.allow], [405, 'method_not_allowed', 'GET, HEAD, POST']);
  const head = await ask(control, '/v1/apps', { method: 'HEAD', token });
  assert.deepEqual([head.status, head.body], [200, '']);
});

test('answers only to its own names', async (t) => {
  const control = await start(t, { allowedHosts: ['nanos.example', '::', '192.0.2.7'] });
  for (const host of ['localhost', 'LOCALHOST.', `127.0.0.1:${control.port}`, '[::1]:1', 'nanos.example:80', '[::]', '192.0.2.7']) {
    assert.equal((await ask(control, '/healthz', { headers: { host } })).status, 200, host);
  }
  for (const host of ['evil.example', '127.0.0.1.nip.io', 'hello.localhost', 'localhost@evil.example', 'a b', '192.0.2.8']) {
    assert.equal((await ask(control, '/healthz', { headers: { host } })).code, 'forbidden', host);
  }
});

async function raw({ port }: Control, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(bytes);
  return text(socket);
}

test('malformed requests are answered in the same form', async (t) => {
  const control = await start(t);
  assert.match(await raw(control, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\nConnection: close\r\n\r\n'), /^HTTP\/1.1 400 .*"bad_request"/s);
  assert.match(await raw(control, 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n'), /^HTTP\/1.1 400 /);
  assert.match(await raw(control, 'GET /healthz HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n'), /^HTTP\/1.1 403 /);
  assert.match(await raw(control, 'GET //evil/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'), /^HTTP\/1.1 404 /);
  assert.match(await raw(control, 'NONSENSE\r\n\r\n'), /^HTTP\/1.1 400 .*"bad_request"/s);
  assert.match(await raw(control, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1.1 431 .*"headers_too_large"/s);
  for (const target of ['http://evil.example/healthz', '*']) {
    const method = target === '*' ? 'OPTIONS' : 'GET';
    assert.match(await raw(control, `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`), /^HTTP\/1.1 400 .*"bad_request"/s, target);
  }
});

async function logIn(control: Control): Promise<string> {
  const answer = await ask(control, `/login?token=${control.sessions.issueLoginToken()}`);
  assert.deepEqual([answer.status, answer.headers.location], [303, '/']);
  const [cookie = ''] = answer.headers['set-cookie'] ?? [];
  assert.match(cookie, /^nanos_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
  return cookie.split(';')[0] ?? '';
}

test('a login token works once, and not for a preview', async (t) => {
  const control = await start(t);
  const token = control.sessions.issueLoginToken();
  assert.equal((await ask(control, `/login?token=${token}`, { method: 'HEAD' })).status, 204);
  assert.equal((await ask(control, `/login?token=${token}`, { headers: { 'sec-purpose': 'prefetch' } })).status, 204);
  assert.equal((await ask(control, `/login?token=${token}`)).status, 303);
  assert.equal((await ask(control, `/login?token=${token}`)).status, 401);
  assert.equal((await ask(control, '/login')).status, 401);
  assert.equal((await ask(control, `/login?token=${control.tokens.admin}`)).status, 401);
});

test('the page shows the apps to a session, escaped, under a strict policy', async (t) => {
  const control = await start(t);
  const stranger = await ask(control, '/');
  assert.equal(stranger.status, 401);
  assert.doesNotMatch(stranger.body, /hello/);
  control.host.status = { ...control.host.status, state: 'failed', error: { code: 'build_failed', message: '<script>alert("x")</script>' } };
  const page = await ask(control, '/', { headers: { cookie: `a=b; ${await logIn(control)}` } });
  assert.equal(page.status, 200);
  assert.match(page.body, /hello\.localhost:3000/);
  assert.match(page.body, /&lt;script&gt;/);
  assert.doesNotMatch(page.body, /<script/);
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
});

test('logging out ends the session', async (t) => {
  const control = await start(t);
  const cookie = await logIn(control);
  const headers = { cookie, origin: `http://127.0.0.1:${control.port}` };
  assert.equal((await ask(control, '/v1/apps', { headers })).status, 200);
  assert.equal((await ask(control, '/logout', { method: 'POST', headers })).status, 303);
  assert.equal((await ask(control, '/v1/apps', { headers })).status, 401);
});

test('a page of another origin can use neither the cookie nor an open host', async (t) => {
  const control = await start(t);
  const cookie = await logIn(control);
  for (const origin of ['http://evil.example', 'null', `http://hello.localhost:${control.port}`, 'http://127.0.0.1:1', `http://127.0.0.1:${control.port}.evil.example`]) {
    assert.equal((await ask(control, '/v1/apps', { headers: { cookie, origin } })).code, 'forbidden', origin);
    assert.equal((await ask(control, '/v1/reload', { method: 'POST', headers: { cookie, origin } })).code, 'forbidden', origin);
    assert.equal((await ask(control, '/v1/reload', { method: 'POST', headers: { origin }, token: control.tokens.admin })).code, 'forbidden', origin);
    assert.equal((await ask(control, '/logout', { method: 'POST', headers: { origin } })).code, 'forbidden', origin);
  }
  assert.equal((await ask(control, '/v1/apps', { headers: { cookie, 'sec-fetch-site': 'same-site' } })).code, 'forbidden');
  assert.deepEqual(control.host.asked, []);
});

test('without auth everybody on the loopback interface may, but no foreign page', async (t) => {
  const control = await start(t, { auth: false });
  assert.equal((await ask(control, '/v1/apps')).status, 200);
  assert.equal((await ask(control, '/v1/reload', { method: 'POST' })).status, 200);
  assert.equal((await ask(control, '/v1/reload', { method: 'POST', headers: { origin: 'http://evil.example' } })).code, 'forbidden');
});

test('logs as JSON lines', async (t) => {
  const control = await start(t);
  const token = control.tokens.read;
  const { headers, body } = await ask(control, '/v1/logs?app=shop&tail=2', { token });
  assert.match(headers['content-type'] ?? '', /^application\/x-ndjson/);
  assert.deepEqual(body.trimEnd().split('\n').map((line) => JSON.parse(line)).map((event) => [event.app, event.message]), [['shop', 'b'], ['shop', 'c']]);
  assert.equal((await ask(control, '/v1/logs?tail=-1', { token })).code, 'bad_request');
  assert.equal((await ask(control, '/v1/logs?app=No', { token })).code, 'bad_request');
});

for (const [how, path, headers] of [['follow=1', '/v1/logs?follow=1', {}], ['Accept', '/v1/logs', { accept: 'text/event-stream' }]] as const) {
  test(`logs as server-sent events, by ${how}, until the client goes away`, async (t) => {
    const control = await start(t);
    const response = await open(control, path, { token: control.tokens.read, headers });
    assert.match(response.headers['content-type'] ?? '', /^text\/event-stream/);
    let seen = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (seen += chunk));
    while (control.host.listeners.size === 0) await new Promise(setImmediate);
    for (const listener of control.host.listeners) listener({ time: 't', level: 'info', event: 'console', message: 'live\nline' });
    while (!seen.includes('live')) await once(response, 'data');
    const messages = seen.trimEnd().split('\n\n').map((event) => JSON.parse(event.replace(/^data: /, '')).message);
    assert.deepEqual(messages, ['a', 'b', 'c', 'live\nline']);
    response.destroy();
    while (control.host.listeners.size > 0) await new Promise(setImmediate);
  });
}

test('a client that doesn’t read is dropped with a note', async (t) => {
  const control = await start(t);
  const response = await open(control, '/v1/logs?follow=1&tail=0', { token: control.tokens.read });
  response.pause();
  const filler = 'x'.repeat(10_000);
  let sent = 0;
  while (sent < 5_000 && control.host.listeners.size > 0) {
    for (const listener of control.host.listeners) listener({ time: 't', level: 'info', event: 'console', sent, filler });
    sent++;
    if (sent % 50 === 0) await new Promise(setImmediate);
  }
  const events = (await text(response)).trimEnd().split('\n\n');
  assert.match(events.at(-1) ?? '', /^event: dropped\ndata: \{"reason"/);
  assert.ok(events.length < sent);
});
