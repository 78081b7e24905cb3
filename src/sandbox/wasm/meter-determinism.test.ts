/** Fuel, memory and the way a run ends are the same under every compiler and with every stack. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'node:test';
import { promisify } from 'node:util';
import { SEED } from '../../util/test-properties.ts';
import { determinismReport } from './test-determinism.ts';

const QUICKJS = fileURLToPath(import.meta.resolve('quickjs-wasi/quickjs.wasm'));

/** The report of a process with these flags of V8. */
async function reportWith(...flags: string[]): Promise<string[]> {
  const script = `import { determinismReport } from ${JSON.stringify(new URL('test-determinism.ts', import.meta.url))}; console.log(JSON.stringify(await determinismReport(${SEED}, ${JSON.stringify(QUICKJS)})));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-node-snapshot', '--disable-warning=ExperimentalWarning', ...flags, '--input-type=module', '--eval', script], { maxBuffer: 1 << 24 });
  return JSON.parse(stdout) as string[];
}

test('both compilers, two stacks', async (t) => {
  t.diagnostic(`seed ${SEED}`);
  const expected = await reportWith('--stack-size=3900');
  assert.deepEqual(await reportWith('--stack-size=3900', '--liftoff-only'), expected);
  assert.deepEqual(await reportWith('--stack-size=3900', '--no-liftoff'), expected);
  assert.deepEqual(await reportWith('--stack-size=6500'), expected);
  const found = (name: string): string => expected.find((line) => line.startsWith(`${name}: `)) ?? '';
  assert.match(found('recursion'), /too many functions/u);
  assert.match(found('recursion caught again and again'), /used up its fuel; 20000000 fuel/u);
  assert.match(found('endless loop'), /used up its fuel; 20000000 fuel/u);
  assert.match(found('memory until none is left'), /refused more than 8 pages/u);
});

test('twice in one process, while the compilers change over', async () => {
  assert.deepEqual(await determinismReport(SEED, QUICKJS), await determinismReport(SEED, QUICKJS));
});
