import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { CliIo } from '../cli-io.ts';
import { compileCommand } from './compile.ts';

async function folderWith(t: TestContext, source: string): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'nanos-compile-')));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'agent.ts'), source);
  return folder;
}

async function compile(...args: string[]): Promise<{ out: string; err: string }> {
  const text = { out: '', err: '' };
  const io: CliIo = {
    stdout: { write: (part) => (text.out += part) },
    stderr: { write: (part) => (text.err += part) },
    environment: {},
    startHost: () => Promise.reject(new Error('No host is started')),
    onStopSignal: () => () => undefined,
    exit: () => undefined,
  };
  await compileCommand(io).exitOverride().parseAsync(args, { from: 'user' });
  return text;
}

test('the module goes beside the entry, or where it is told to', async (t) => {
  const folder = await folderWith(t, 'console.log(1)');
  const { out, err } = await compile(join(folder, 'agent.ts'));
  assert.equal(out, '');
  assert.match(err, /^Compiled .*agent\.ts to .*agent\.wasm \(\d+ KB, \d+ ms\)\n$/);
  await compile(join(folder, 'agent.ts'), '-o', join(folder, 'b.wasm'));
  await compile(join(folder, 'agent.ts'), '--out', join(folder, 'c.wasm'), '--engine', 'bundle');
  assert.deepEqual((await readdir(folder)).toSorted(), ['agent.ts', 'agent.wasm', 'b.wasm', 'c.wasm']);
  const [first, second] = await Promise.all(['agent.wasm', 'c.wasm'].map((name) => readFile(join(folder, name))));
  assert.ok(first !== undefined && second !== undefined && first.equals(second) && WebAssembly.validate(first));
});

test('--json tells what was made', async (t) => {
  const folder = await folderWith(t, 'export async function run() {}');
  const { out, err } = await compile(join(folder, 'agent.ts'), '--json');
  const { bytes, durationMs, sdk, ...rest } = JSON.parse(out) as Record<string, unknown>;
  assert.deepEqual([err, rest], ['', { file: join(folder, 'agent.wasm'), name: 'agent', abi: 1, exports: ['run'] }]);
  assert.deepEqual([bytes, typeof durationMs, typeof sdk], [(await stat(join(folder, 'agent.wasm'))).size, 'number', 'string']);
});

test('what does not compile leaves no file', async (t) => {
  const folder = await folderWith(t, 'const = 1');
  await assert.rejects(compile(join(folder, 'agent.ts')), { code: 'build_failed', position: { file: 'agent.ts', line: 1, column: 7 } });
  await assert.rejects(compile(join(folder, 'none.ts')), { code: 'entry_missing' });
  assert.deepEqual(await readdir(folder), ['agent.ts']);
});
