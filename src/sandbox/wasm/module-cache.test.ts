import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { NanosError } from '../../protocol/errors.ts';
import { METER_VERSION } from './meter-module.ts';
import { sha256Hex } from './metered-module.ts';
import { ModuleCache } from './module-cache.ts';
import { moduleFromText } from './test-module.ts';

const anything = { imports: () => true };
const MODULE = moduleFromText('(module (import "env" "f" (func)) (memory (export "memory") 1) (global (mut i64) (i64.const 1)) (func (export "run")))');
const HASH = sha256Hex(MODULE);

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'nanos-test-'));
  t.after(() => rm(made, { recursive: true, force: true }));
  return join(made, 'modules');
}

test('a module is metered once, kept and found again', async (t) => {
  const path = await folder(t);
  const made = await new ModuleCache(path).load(MODULE, anything);
  assert.deepEqual([made.sourceHash, made.memoryPagesMin, made.snapshotRefusal, made.globals], [HASH, 1, undefined, [{ index: 0, type: 'i64' }]]);
  assert.deepEqual((await readdir(path)).toSorted(), [`${HASH}-${METER_VERSION}.wasm`, `${HASH}.wasm`]);
  const file = join(path, `${HASH}-${METER_VERSION}.wasm`);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const { mtimeMs } = await stat(file);
  const again = new ModuleCache(path);
  assert.equal((await again.load(MODULE, anything)).hash, made.hash);
  assert.equal((await again.byHash(HASH, anything)).hash, made.hash);
  assert.deepEqual(Buffer.from(await again.original(HASH)), Buffer.from(MODULE));
  assert.equal((await stat(file)).mtimeMs, mtimeMs);
});

test('a compiled module is shared', async (t) => {
  const cache = new ModuleCache(await folder(t));
  const first = await cache.load(MODULE, anything);
  assert.equal(await cache.load(MODULE, anything), first);
});

test('a file that changed is made again', async (t) => {
  const path = await folder(t);
  const { hash } = await new ModuleCache(path).load(MODULE, anything);
  const file = join(path, `${HASH}-${METER_VERSION}.wasm`);
  const whole = await readFile(file);
  for (const at of [0, 20, Math.floor(whole.length / 2), whole.length - 100, whole.length - 1]) {
    await writeFile(file, whole.with(at, (whole[at] ?? 0) ^ 1));
    assert.equal((await new ModuleCache(path).load(MODULE, anything)).hash, hash);
    assert.deepEqual(await readFile(file), whole);
  }
  await writeFile(file, whole.subarray(0, 30));
  assert.equal((await new ModuleCache(path).load(MODULE, anything)).hash, hash);
});

test('imports are judged each time', async (t) => {
  const cache = new ModuleCache(await folder(t));
  await cache.load(MODULE, anything);
  const refused = (error: unknown): boolean => error instanceof NanosError && error.code === 'module_refused';
  await assert.rejects(cache.load(MODULE, { imports: () => false }), refused);
});

test('a module that was never loaded is not found, whatever its name', async (t) => {
  const cache = new ModuleCache(await folder(t));
  const missing = (error: unknown): boolean => error instanceof NanosError && error.code === 'not_found';
  await assert.rejects(cache.byHash('0'.repeat(64), anything), missing);
  await assert.rejects(cache.original('../../secret'), missing);
});
