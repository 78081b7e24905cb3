import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

/** The host's log and its words to people, until one of the latter matches. */
async function said(stream: Readable, pattern: RegExp): Promise<RegExpExecArray> {
  let heard = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    heard += String(chunk);
    const match = pattern.exec(heard);
    if (match !== null) return match;
  }
  throw new Error(`It ended without saying ${String(pattern)}: ${heard}`);
}

test('the packed package, installed into an empty folder, runs an agent and serves a folder of apps', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'nanos-package-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { stdout } = await run('npm', ['pack', '--json', '--loglevel=error', '--pack-destination', folder], { cwd: ROOT });
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as [{ filename: string; files: { path: string }[] }];
  assert.deepEqual(files.map(({ path }) => path).filter((path) => /\.test\.|(?<!\.d)\.ts$/.test(path)), []);

  const home = join(folder, 'home');
  await mkdir(join(home, 'apps', 'hello'), { recursive: true });
  await writeFile(join(home, 'package.json'), '{}');
  await writeFile(join(home, 'apps', 'hello', 'index.ts'), 'export default { fetch: (request: Request) => new Response(`hello from ${new URL(request.url).pathname}`) };');
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', join(folder, filename)], { cwd: home });
  assert.match((await run('npx', ['nanos', '--help'], { cwd: home })).stdout, /Usage: nanos/);

  await writeFile(join(home, 'agent.ts'), `import { agent } from 'nanos/agent';\nexport async function run(): Promise<void> { await agent.done(await agent.getGoal()); }`);
  await writeFile(join(home, 'agent.nano'), 'name: parrot\nbinary: agent.wasm\ngoal: say it\npermissions: {}\n');
  await run('npx', ['nanos', 'compile', 'agent.ts'], { cwd: home });
  const env = { ...process.env, NODE_OPTIONS: '', XDG_CACHE_HOME: folder };
  const runAgent = async () => (await run(join(home, 'node_modules', '.bin', 'nanos'), ['run', 'agent.nano'], { cwd: home, env })).stdout;
  assert.equal(await runAgent(), 'say it\n');
  const blob = (await readdir(join(folder, 'nanos'))).find((name) => name.startsWith('agents-')) ?? '';
  assert.ok((await stat(join(folder, 'nanos', blob))).size > 1_000_000);
  // What is left is the snapshot, and no two processes that start from it have the same random numbers.
  const main = join(home, 'node_modules', 'nanos', 'dist', 'command', 'main.js');
  const source = await readFile(main);
  await writeFile(main, '');
  for (let time = 0; time < 2; time++) assert.equal(await runAgent(), 'say it\n');
  await writeFile(main, source);
  const ids = (await readdir(join(home, '.nanos', 'runs'))).map((name) => /^\w+/.exec(name)?.[0].slice(-8));
  assert.equal(new Set(ids).size, 3);

  const host = spawn(join(home, 'node_modules', '.bin', 'nanos'), ['serve', 'apps', '--port', '0', '--apps-port', '0'], { cwd: home, stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => host.kill('SIGKILL'));
  const [, port] = await said(host.stderr, /http:\/\/hello\.localhost:(\d+)\//);
  const asking = request({ host: '127.0.0.1', port: Number(port), path: '/there', headers: { host: `hello.localhost:${port}` } }).end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  assert.deepEqual([response.statusCode, await text(response)], [200, 'hello from /there']);

  host.stderr.resume();
  host.kill('SIGTERM');
  assert.deepEqual(await once(host, 'exit'), [0, null]);
});
