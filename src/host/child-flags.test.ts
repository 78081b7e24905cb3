import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { childFlags, ISOLATE_FLAGS, type ChildKind } from './child-flags.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const folder = await realpath(await mkdtemp(join(tmpdir(), 'nanos-flags-')));
test.after(() => rm(folder, { recursive: true }));
await writeFile(join(folder, 'given.txt'), 'given');

/** What each expression of `code` gives, or its error's code. */
function evaluate(kind: ChildKind, expressions: readonly string[]): unknown[] {
  const body = expressions.map((expression) => `await attempt(async () => ${expression})`).join(',');
  const code = `const attempt = (f) => f().catch((error) => error.code ?? String(error)); console.log(JSON.stringify([${body}]))`;
  const flags = childFlags(kind, { readable: [join(folder, 'given.txt')] });
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', code], { cwd: repository, env: {}, encoding: 'utf8' });
  assert.equal(stderr, '');
  return JSON.parse(stdout) as unknown[];
}

test('processes that run tenants’ code have isolates and little else', () => {
  for (const kind of ['cell', 'evaluator', 'restorer'] as const) {
    const outcomes = evaluate(kind, [
      `new (await import('isolated-vm')).default.Isolate().createContextSync().evalSync('6*7')`,
      `(await import('node:fs')).readFileSync(${JSON.stringify(join(folder, 'given.txt'))}, 'utf8')`,
      `(await import('node:fs')).readFileSync('/etc/passwd', 'utf8')`,
      `(await import('node:fs')).readFileSync('/proc/self/task/' + process.pid + '/root/etc/passwd', 'utf8')`,
      `(await import('node:fs')).writeFileSync(${JSON.stringify(join(folder, 'given.txt'))}, 'x')`,
      `(await import('node:child_process')).spawnSync('/bin/true')`,
      `new (await import('node:worker_threads')).Worker('1', { eval: true })`,
    ]);
    assert.deepEqual(outcomes, [42, 'given', ...Array<string>(5).fill('ERR_ACCESS_DENIED')], kind);
  }
});

test('a WebAssembly memory takes no more of the addresses than it may grow to', { skip: process.platform === 'linux' ? false : 'needs /proc' }, () => {
  const size = `Number(/VmSize:\\s+(\\d+)/.exec(require('node:fs').readFileSync('/proc/self/status', 'latin1'))[1])`;
  const code = `const before = ${size}; const memory = new WebAssembly.Memory({ initial: 0, maximum: 2048 }); console.log(${size} - before);`;
  const { stdout } = spawnSync(process.execPath, [...ISOLATE_FLAGS, '-e', code], { encoding: 'utf8' });
  assert.ok(Number(stdout) > 0 && Number(stdout) < 1024 * 1024, `${stdout} KB`);
});

test('the process of agents, and its threads, have their folders and little else', () => {
  const read = (path: string): string => `(await import('node:fs')).readFileSync(${JSON.stringify(path)}, 'utf8')`;
  const inThread = (expression: string): string =>
    `await new Promise(async (resolve, reject) => new (await import('node:worker_threads')).Worker(${JSON.stringify(`process.getBuiltinModule('node:worker_threads').parentPort.postMessage(${expression})`)}, { eval: true, env: {} }).on('message', resolve).on('error', reject))`;
  const sync = (path: string): string => `process.getBuiltinModule('node:fs').readFileSync(${JSON.stringify(path)}, 'utf8')`;
  const given = join(folder, 'given.txt');
  const outcomes = evaluate('agents', [
    read(given),
    inThread(sync(given)),
    read('/etc/passwd'),
    inThread(sync('/etc/passwd')),
    `(await import('node:fs')).writeFileSync(${JSON.stringify(given)}, 'x')`,
    `(await import('node:child_process')).spawnSync('/bin/true')`,
    inThread(`process.getBuiltinModule('node:child_process').spawnSync('/bin/true')`),
  ]);
  assert.deepEqual(outcomes, ['given', 'given', ...Array<string>(5).fill('ERR_ACCESS_DENIED')]);
});

test('the builder needs files and processes', () => {
  assert.deepEqual(evaluate('builder', [`(await import('node:child_process')).spawnSync('/bin/true').status`]), [0]);
});
