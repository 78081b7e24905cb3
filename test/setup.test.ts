import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What set-up runs, and what it makes the agents' engine of. */
const SOURCES = ['tools', 'src/agents/compile/engine'];
const PACKAGE = `node-${process.platform === 'darwin' && process.arch === 'arm64' ? 'bin-' : ''}${process.platform}-${process.arch}`;

/** Stands for npm, without a network: notes that it was called, and installs this Node.js, an isolated-vm that loads, and what the engine is made with. */
const NPM = `
const { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } = require('node:fs');
appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
if (process.env.NPM_FAILS) process.exit(7);
rmSync('node_modules', { recursive: true, force: true });
mkdirSync('node_modules/${PACKAGE}/bin', { recursive: true });
symlinkSync(${JSON.stringify(process.execPath)}, 'node_modules/${PACKAGE}/bin/node');
mkdirSync('node_modules/isolated-vm');
writeFileSync('node_modules/isolated-vm/index.js', process.env.ADDON_FAILS ? 'throw new Error("no such addon")' : '');
for (const name of ['binaryen', 'quickjs-wasi']) symlinkSync(${JSON.stringify(join(ROOT, 'node_modules'))} + '/' + name, 'node_modules/' + name);
`;

interface Clone {
  readonly root: string;
  readonly run: (environment?: Record<string, string>) => Promise<{ status: number; out: string; err: string }>;
  readonly npmCalls: () => Promise<string[]>;
}

async function makeClone(t: TestContext): Promise<Clone> {
  const folder = await mkdtemp(join(tmpdir(), 'nanos-setup-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const root = join(folder, 'my clone');
  await mkdir(root);
  for (const folder of SOURCES) await cp(join(ROOT, folder), join(root, folder), { recursive: true, filter: (path) => !path.endsWith('node_modules') });
  await writeFile(join(root, 'package-lock.json'), '{}');
  await writeFile(join(folder, 'npm-cli.js'), NPM);
  return {
    root,
    run: async (environment = {}) => {
      const child = spawn(process.execPath, [join(root, 'tools', 'setup.mjs')], { cwd: '/', env: { ...process.env, npm_execpath: join(folder, 'npm-cli.js'), ...environment } });
      const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
      return { status: Number(status), out, err };
    },
    npmCalls: async () => (await readFile(join(root, 'npm-calls'), 'utf8').catch(() => '')).split('\n').filter((line) => line !== ''),
  };
}

test('installs once, from the lock file and without scripts, and is silent when nothing is to be done', async (t) => {
  const { run, npmCalls } = await makeClone(t);
  const first = await run();
  assert.deepEqual([first.status, first.out], [0, '']);
  assert.match(first.err, /installing the packages/);
  assert.match((await npmCalls()).join(), /^ci --ignore-scripts /);
  assert.deepEqual(await run(), { status: 0, out: '', err: '' });
  assert.equal((await npmCalls()).length, 1);
});

test('installs again when the lock file changed, or node_modules is gone', async (t) => {
  const { root, run, npmCalls } = await makeClone(t);
  await run();
  await writeFile(join(root, 'package-lock.json'), '{ "changed": true }');
  assert.equal((await run()).status, 0);
  await rm(join(root, 'node_modules'), { recursive: true });
  assert.equal((await run()).status, 0);
  assert.equal((await npmCalls()).length, 3);
});

test('says what failed, and tries again the next time', async (t) => {
  const { run, npmCalls } = await makeClone(t);
  const failed = await run({ NPM_FAILS: '1' });
  assert.equal(failed.status, 1);
  assert.match(failed.err, /npm could not install the packages \(status 7\).*Check the network/);
  const broken = await run({ ADDON_FAILS: '1' });
  assert.equal(broken.status, 1);
  assert.match(broken.err, /isolated-vm does not run on this machine.*no such addon/s);
  assert.equal((await run()).status, 0);
  assert.equal((await npmCalls()).length, 3);
});

test('without npm it says so', async (t) => {
  const { run } = await makeClone(t);
  const { status, err } = await run({ npm_execpath: '', PATH: '/nowhere' });
  assert.equal(status, 1);
  assert.match(err, /npm is not installed/);
});

test('of several at once, one installs and the others wait', async (t) => {
  const { run, npmCalls } = await makeClone(t);
  const runs = await Promise.all([run(), run(), run()]);
  assert.deepEqual(runs.map(({ status }) => status), [0, 0, 0]);
  assert.equal((await npmCalls()).length, 1);
});
