import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
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
  assert.equal((await run('npx', ['nanos', 'run', 'agent.nano'], { cwd: home })).stdout, 'say it\n');

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
