import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { DisposableProcess } from './disposable-process.ts';

const folder = await mkdtemp(join(tmpdir(), 'nanos-process-'));
test.after(() => rm(folder, { recursive: true }));
const entry = pathToFileURL(join(folder, 'child.mjs'));
await writeFile(
  entry,
  `const acts = {
    echo: ({ value }) => process.send(value),
    environment: () => process.send(process.env),
    loop: () => { for (;;); },
    pid: () => process.send(process.pid, () => { for (;;); }),
    hoard: () => { const kept = []; setInterval(() => kept.push(Buffer.alloc(16 * 1024 * 1024, 1)), 1); },
    exit: () => process.exit(3),
    abort: () => process.abort(),
  };
  process.on('message', (message) => acts[message.act](message));`,
);

function start(options: { memoryMbMax?: number; cpuSMax?: number } = {}): DisposableProcess {
  return new DisposableProcess({ entry, flags: [], memoryMbMax: 1_000, cpuSMax: 60, ...options });
}

test('answers, bytes and all, several times', async () => {
  const child = start();
  assert.deepEqual(await child.ask({ act: 'echo', value: new Uint8Array([1, 2]) }, 60_000), new Uint8Array([1, 2]));
  assert.equal(await child.ask({ act: 'echo', value: 'again' }, 60_000), 'again');
  assert.equal(child.isEnded, false);
  child.end();
  await assert.rejects(child.ask({ act: 'echo' }, 60_000), { name: 'ProcessEnded' });
});

test('knows nothing of our environment', async () => {
  const child = start();
  const environment = (await child.ask({ act: 'environment' }, 60_000)) as Record<string, string>;
  child.end();
  const inherited = Object.keys(environment).filter((name) => !['TZ', 'LANG', 'PWD', 'OLDPWD', 'SHLVL', '_', '__CF_USER_TEXT_ENCODING'].includes(name) && !name.startsWith('NODE_CHANNEL'));
  assert.deepEqual(inherited, []);
  assert.equal(environment['TZ'], 'UTC');
});

test('is ended when it takes too long', async () => {
  const child = start();
  await assert.rejects(child.ask({ act: 'loop' }, 300), { name: 'ProcessEnded', reason: 'wall' });
  assert.equal(child.isEnded, true);
});

test('is ended when it takes too much memory', { skip: process.platform !== 'linux' }, async () => {
  await assert.rejects(start({ memoryMbMax: 200 }).ask({ act: 'hoard' }, 60_000), { name: 'ProcessEnded', reason: 'memory' });
});

test('is ended by the kernel when it takes too much CPU', async () => {
  await assert.rejects(start({ cpuSMax: 1 }).ask({ act: 'loop' }, 60_000), { name: 'ProcessEnded', reason: 'exit' });
});

test('may exit or crash', async () => {
  for (const act of ['exit', 'abort']) await assert.rejects(start().ask({ act }, 60_000), { name: 'ProcessEnded', reason: 'exit' }, act);
});

const SETPRIV = '/usr/bin/setpriv';

test('ends with its parent, also while it computes', { skip: !existsSync(SETPRIV) && 'needs setpriv' }, async () => {
  const parent = join(folder, 'parent.mjs');
  await writeFile(
    parent,
    `import { DisposableProcess } from ${JSON.stringify(new URL('disposable-process.ts', import.meta.url).href)};
    const wall = { launcher: [${JSON.stringify(SETPRIV)}, '--pdeathsig', 'KILL'], user: undefined };
    const child = new DisposableProcess({ entry: new URL(${JSON.stringify(entry.href)}), flags: [], memoryMbMax: 1_000, cpuSMax: 60, wall });
    console.log(await child.ask({ act: 'pid' }, 60_000));
    setInterval(() => undefined, 1_000);`,
  );
  const running = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await running.stdout.setEncoding('utf8').take(1).toArray()) as string[];
  const pid = Number(said);
  assert.equal(isThere(pid), true);
  running.kill('SIGKILL');
  while (isThere(pid)) await sleep(20);
});

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
