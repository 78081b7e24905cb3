/** A changed folder takes the place of the version before it, without a failed request; one that can't be built does not. */
import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startNanos, type LogLine } from '../support/start-nanos.ts';

const SWAPS = 24;
const LANES = 6;
const BODY = 'x'.repeat(3_000);

function versioned(version: number): string {
  return `const version = ${version};
export default { async fetch(request) {
  if (request.method === 'GET') return new Response(String(version));
  const text = await request.text();
  await new Promise((resolve) => setTimeout(resolve, 5));
  return new Response(version + ' ' + text.length);
} };`;
}

const answering = (text: string): string => `export default { fetch: () => new Response('${text}') };`;

const host = await startNanos({ after }, {
  files: {
    'swapped/index.js': versioned(0),
    'syntax/src/index.ts': answering('good'),
    'throwing/index.js': answering('good'),
    'vars/index.js': `export default { fetch: (request, env) => new Response(env.WORD + ' ' + (env.KEY ?? 'no key')) };`,
    'vars/wrangler.jsonc': `{ "name": "vars", "main": "index.js", "vars": { "WORD": "before" } }`,
    'helped/index.js': `import { word } from './lib/word.js'; export default { fetch: () => new Response(word) };`,
    'helped/lib/word.js': `export const word = 'before';`,
    'removed/index.js': answering('still here'),
    'renamed/index.js': answering('renamed'),
    'renamed/wrangler.json': `{ "name": "old-name", "main": "index.js" }`,
  },
});

function serving(app: string, from: number, nanos = host): Promise<LogLine> {
  return nanos.waitForLog((line) => line.event === 'app_serving' && line.app === app, from);
}

function buildFailed(app: string, from: number): Promise<LogLine> {
  return host.waitForLog((line) => line.event === 'app_build_failed' && line.app === app, from);
}

test(`${SWAPS} swaps under load: no request fails, and no connection sees an older version again`, async () => {
  let ended = false;
  const seen = new Set<number>();
  const wrong: string[] = [];
  let requests = 0;
  const ask = async (agent: Agent | undefined, method: 'GET' | 'POST', least: number): Promise<number> => {
    const answer = await host.request('swapped', '/', { method, ...(method === 'POST' ? { body: BODY } : {}), ...(agent === undefined ? {} : { agent }) });
    requests++;
    const [version = '', length] = answer.text.split(' ');
    const isRight = answer.status === 200 && /^\d+$/.test(version) && length === (method === 'POST' ? String(BODY.length) : undefined) && Number(version) >= least;
    if (!isRight) wrong.push(`${method} after ${least}: ${answer.status} ${answer.text.slice(0, 200)}`);
    seen.add(Number(version));
    return Number(version);
  };
  const lane = async (index: number): Promise<void> => {
    const agent = index % 3 === 0 ? undefined : new Agent({ keepAlive: true, maxSockets: 1 });
    let least = 0;
    while (!ended) {
      try {
        // a fresh connection is bound by what this lane has seen, too: its request begins after that answer
        least = await ask(agent, index % 2 === 0 ? 'GET' : 'POST', least);
      } catch (error) {
        wrong.push(String(error));
      }
    }
    agent?.destroy();
  };
  const lanes = Array.from({ length: LANES }, (_, index) => lane(index));
  for (let version = 1; version <= SWAPS; version++) {
    const from = host.logs().length;
    await host.write('swapped/index.js', versioned(version));
    await serving('swapped', from);
  }
  ended = true;
  await Promise.all(lanes);
  assert.deepEqual(wrong, []);
  assert.ok(requests > SWAPS);
  assert.ok(seen.size > SWAPS / 2, `only versions ${[...seen].join(', ')} were seen`);
  assert.equal((await host.request('swapped')).text, String(SWAPS));
});

test('a syntax error leaves the version before serving and is logged with its place; fixing it recovers', async () => {
  const from = host.logs().length;
  await host.write('syntax/src/index.ts', `const fine: number = 1;\nexport default { fetch: () => new Response('new' };\n`);
  const failure = await buildFailed('syntax', from);
  assert.deepEqual(failure['position'], { file: 'src/index.ts', line: 2, column: 50 });
  assert.deepEqual([failure.level, failure['code']], ['error', 'build_failed']);
  assert.match(failure.message ?? '', /Expected "\)" but found "}"/);
  assert.equal((await host.request('syntax')).text, 'good');
  const status = (await host.control('/v1/apps/syntax', 'read')).json() as { state: string; version: number; error?: { code: string } };
  assert.deepEqual([status.state, status.version, status.error?.code], ['ready', 1, 'build_failed']);
  const fixed = host.logs().length;
  await host.write('syntax/src/index.ts', answering('fixed'));
  await serving('syntax', fixed);
  assert.equal((await host.request('syntax')).text, 'fixed');
  const after = (await host.control('/v1/apps/syntax', 'read')).json() as { error?: unknown };
  assert.equal(after.error, undefined);
});

test('a top level that throws leaves the version before serving, with the place in its source', async () => {
  const from = host.logs().length;
  await host.write('throwing/thrower.ts', `interface Unused {\n  a: string;\n}\nexport function fail(): never {\n  throw new TypeError('Not today');\n}\n`);
  await host.write('throwing/index.js', `import { fail } from './thrower.ts';\nfail();\nexport default { fetch: () => new Response('new') };\n`);
  const failure = await host.waitForLog((line) => line.event === 'app_build_failed' && line.app === 'throwing' && line['code'] === 'app_failed_to_start', from);
  assert.deepEqual([(failure['position'] as { file: string }).file, (failure['position'] as { line: number }).line], ['thrower.ts', 5]);
  assert.match(failure.message ?? '', /Not today/);
  assert.equal((await host.request('throwing')).text, 'good');
  const fixed = host.logs().length;
  await host.write('throwing/thrower.ts', 'export function fail() {}\n');
  await serving('throwing', fixed);
  assert.equal((await host.request('throwing')).text, 'new');
});

test('a file that an app imports, its configuration and its secrets are watched as well', async () => {
  assert.equal((await host.request('helped')).text, 'before');
  let from = host.logs().length;
  await host.write('helped/lib/word.js', `export const word = 'after';`);
  await serving('helped', from);
  assert.equal((await host.request('helped')).text, 'after');

  assert.equal((await host.request('vars')).text, 'before no key');
  from = host.logs().length;
  await host.write('vars/wrangler.jsonc', `{ "name": "vars", "main": "index.js", "vars": { "WORD": "after" } }`);
  await serving('vars', from);
  assert.equal((await host.request('vars')).text, 'after no key');
  from = host.logs().length;
  await host.write('vars/.dev.vars', 'KEY=a-key\n');
  await serving('vars', from);
  assert.equal((await host.request('vars')).text, 'after a-key');
  from = host.logs().length;
  await unlink(join(host.appsFolder, 'vars/.dev.vars'));
  await serving('vars', from);
  assert.equal((await host.request('vars')).text, 'after no key');
});

test('a configuration that can not be read any more leaves the app as it is', async () => {
  const from = host.logs().length;
  await host.write('vars/wrangler.jsonc', `{ "name": "vars",\n  "main": "index.js",\n  "vars": { "WORD": } }`);
  const failure = await buildFailed('vars', from);
  assert.equal(failure['code'], 'config_invalid');
  const { file, line, column } = failure['position'] as { file: string; line: number; column: number };
  assert.deepEqual([file, line, column], [join(host.appsFolder, 'vars/wrangler.jsonc'), 3, 21]);
  assert.match((await host.request('vars')).text, /no key$/);
  const fixed = host.logs().length;
  await host.write('vars/wrangler.jsonc', `{ "name": "vars", "main": "index.js", "vars": { "WORD": "fixed" } }`);
  await serving('vars', fixed);
  assert.equal((await host.request('vars')).text, 'fixed no key');
});

test('a new folder is served, a removed one no longer', async () => {
  let from = host.logs().length;
  await host.write('added/index.js', answering('added'));
  await serving('added', from);
  assert.equal((await host.request('added')).text, 'added');
  from = host.logs().length;
  await host.write('added/index.js', answering('changed'));
  await serving('added', from);
  assert.equal((await host.request('added')).text, 'changed');

  assert.equal((await host.request('removed')).text, 'still here');
  from = host.logs().length;
  await rm(join(host.appsFolder, 'removed'), { recursive: true });
  await host.waitForLog((line) => line.event === 'app_removed' && line.app === 'removed', from);
  const gone = await host.request('removed');
  assert.deepEqual([gone.status, gone.headers['x-nanos-error']], [404, 'app_not_found']);
});

test('a folder that can not be served at first is served once it is put right', async () => {
  let from = host.logs().length;
  await host.write('late/wrangler.json', `{ "name": "late", "main": "index.js", }{`);
  await host.write('late/index.js', answering('late'));
  await host.waitForLog((line) => line.event === 'app_config_invalid' && String(line['folder']).endsWith('/late'), from);
  assert.equal((await host.request('late')).status, 404);
  from = host.logs().length;
  await host.write('late/wrangler.json', `{ "name": "late", "main": "index.js" }`);
  await serving('late', from);
  assert.equal((await host.request('late')).text, 'late');
});

test('an app that takes another name leaves the old one', async () => {
  assert.equal((await host.request('old-name')).text, 'renamed');
  const from = host.logs().length;
  await host.write('renamed/wrangler.json', `{ "name": "new-name", "main": "index.js" }`);
  await serving('new-name', from);
  assert.equal((await host.request('new-name')).text, 'renamed');
  await host.waitForLog((line) => line.event === 'app_removed' && line.app === 'old-name', from);
  assert.equal((await host.request('old-name')).status, 404);
});

test('500 watched folders: all are served, and a change in any is noticed', async (t) => {
  const count = 500;
  // one source, so that only the first of them has to be tried out
  const source = 'export default { fetch: (request) => new Response(new URL(request.url).hostname) };';
  const files = Object.fromEntries(Array.from({ length: count }, (_, index) => [`app-${index}/index.js`, source]));
  const nanos = await startNanos(t, { files });
  assert.deepEqual(nanos.logs().filter(({ level }) => level === 'warn' || level === 'error'), []);
  for (const name of ['app-0', 'app-250', `app-${count - 1}`]) {
    assert.equal((await nanos.request(name)).text, `${name}.localhost`);
    const from = nanos.logs().length;
    await nanos.write(`${name}/index.js`, answering('changed'));
    await serving(name, from, nanos);
    assert.equal((await nanos.request(name)).text, 'changed');
  }
});

