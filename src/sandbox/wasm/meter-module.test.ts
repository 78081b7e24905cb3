import assert from 'node:assert/strict';
import test from 'node:test';
import { fc } from '../../util/test-properties.ts';
import { GuestInstance, type Outcome } from './guest-instance.ts';
import { meterModule } from './meter-module.ts';
import { meteredFromText } from './test-metered.ts';
import { moduleFromText } from './test-module.ts';
import { program } from './test-program.ts';
import { validateModule } from './validate-module.ts';

const anything = { imports: () => true };
const FUEL = 1_000_000n;

interface Run {
  readonly outcome: Outcome;
  readonly fuelUsed: bigint;
  readonly instance: GuestInstance;
}

async function run(text: string, ...args: (number | bigint)[]): Promise<Run> {
  const instance = GuestInstance.create(await meteredFromText(text), {}, { memoryPagesMax: 20 });
  const outcome = instance.enter(FUEL, 'run', ...args);
  return { outcome, fuelUsed: instance.fuelUsed, instance };
}

async function fuelOf(body: string, ...args: (number | bigint)[]): Promise<bigint> {
  return (await run(`(module (memory 1) (table 4 20 funcref) (type $t (func)) ${body})`, ...args)).fuelUsed;
}

test('fuel, counted by hand', async () => {
  assert.equal(await fuelOf('(func (export "run"))'), 0n, 'end is free');
  assert.equal(await fuelOf('(func (export "run") (nop) (block (nop)) (return))'), 0n, 'structure is free');
  assert.equal(await fuelOf('(func (export "run") (result i32) (i32.add (i32.const 1) (i32.const 2)))'), 3n);
  assert.equal(await fuelOf('(func (export "run") (drop (i32.const 1)))'), 1n, 'drop is free');
  assert.equal(await fuelOf('(func $f (result i32) (i32.const 1)) (func (export "run") (result i32) (call $f))'), 2n);
  const branch = '(func (export "run") (param i32) (result i32) (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.add (i32.const 1) (i32.const 2)))))';
  assert.equal(await fuelOf(branch, 1), 3n, 'local.get, if, i32.const');
  assert.equal(await fuelOf(branch, 0), 5n, 'local.get, if, i32.const twice, i32.add');
});

test('a loop is charged for each round', async () => {
  const loop = '(func (export "run") (param i32) (loop $l (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $l (local.get 0))))';
  assert.equal(await fuelOf(loop, 1), 6n);
  assert.equal(await fuelOf(loop, 10), 60n);
});

test('a loop or a tail call that never pays at its head still ends', async () => {
  const end = async (text: string): Promise<unknown> => {
    const { outcome } = await run(text);
    return outcome.kind === 'stopped' && outcome.end;
  };
  assert.equal(await end('(module (func (export "run") (loop $l (try (do)) (br $l))))'), 'fuel_limit');
  assert.equal(await end('(module (func $f (export "run") (try (do)) (return_call $f)))'), 'fuel_limit');
});

test('blocks that are left early are charged for what was run', async () => {
  const block = '(func (export "run") (param i32) (block $b (br_if $b (local.get 0)) (drop (i32.const 1)) (drop (i32.const 1))) (drop (i32.const 2)))';
  assert.equal(await fuelOf(block, 1), 3n, 'local.get, br_if, and what stands behind the block');
  assert.equal(await fuelOf(block, 0), 5n);
  const table = '(func (export "run") (param i32) (block $b (block $a (br_table $a $b (local.get 0))) (drop (i32.const 1))))';
  assert.equal(await fuelOf(table, 0), 3n);
  assert.equal(await fuelOf(table, 1), 2n);
});

test('bulk instructions are charged by length', async () => {
  const fill = '(func (export "run") (param i32) (memory.fill (i32.const 0) (i32.const 1) (local.get 0)))';
  assert.equal(await fuelOf(fill, 7), 4n);
  assert.equal(await fuelOf(fill, 8), 5n);
  assert.equal(await fuelOf(fill, 65_536), 4n + 8192n);
  const copy = '(func (export "run") (param i32) (memory.copy (i32.const 0) (i32.const 1) (local.get 0)))';
  assert.equal(await fuelOf(copy, 8000), 1004n);
  const table = '(func (export "run") (param i32) (table.fill (i32.const 0) (ref.null func) (local.get 0)))';
  assert.equal(await fuelOf(table, 4), 8n);
  const init = '(data $d "0123456789abcdef") (func (export "run") (memory.init $d (i32.const 0) (i32.const 0) (i32.const 16)))';
  assert.equal(await fuelOf(init), 6n);
});

test('growing is charged, and refused past the cap without a charge', async () => {
  const grow = '(func (export "run") (param i32) (result i32) (memory.grow (local.get 0)))';
  assert.equal(await fuelOf(grow, 2), 2n + 2n * 8192n);
  assert.equal(await fuelOf(grow, 20), 2n);
  const text = `(module (memory 1) ${grow})`;
  assert.deepEqual((await run(text, 19)).outcome, { kind: 'returned', value: 1 });
  assert.deepEqual((await run(text, 20)).outcome, { kind: 'returned', value: -1 });
  assert.deepEqual((await run(text, -1)).outcome, { kind: 'returned', value: -1 });
  assert.deepEqual((await run(`(module (memory 1 3) ${grow})`, 3)).outcome, { kind: 'returned', value: -1 }, 'its own maximum');
  const table = '(module (table 4 20 funcref) (func (export "run") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))';
  const grown = await run(table, 16);
  assert.deepEqual([grown.outcome, grown.fuelUsed], [{ kind: 'returned', value: 4 }, 3n + 16n]);
  assert.deepEqual((await run(table, 17)).outcome, { kind: 'returned', value: -1 });
  assert.deepEqual((await run('(module (table 0 externref) (func (export "run") (param i32) (result i32) (table.grow (ref.null extern) (local.get 0))))', 100_001)).outcome, { kind: 'returned', value: -1 });
});

test('a bulk instruction past the fuel does not happen', async () => {
  const { outcome, instance, fuelUsed } = await run('(module (memory 1) (func (export "run") (memory.fill (i32.const 0) (i32.const 1) (i32.const 0xffffffff))))');
  assert.deepEqual([outcome.kind === 'stopped' && outcome.end, fuelUsed, instance.memory[0]], ['fuel_limit', FUEL, 0]);
});

test('a module that refuels itself is refused before metering gives it something to write to', () => {
  const text = '(module (global (mut i64) (i64.const 0)) (func (export "run") (global.set 0 (i64.const 1))))';
  const bytes = moduleFromText(text);
  const set = bytes.indexOf(0x24);
  assert.equal(bytes[set + 1], 0);
  assert.throws(() => validateModule(bytes.with(set + 1, 1), anything), /module is not valid.*global/u);
});

test('metering is deterministic', () => {
  const bytes = moduleFromText('(module (memory 1) (func (export "run") (param f64) (result f64) (f64.add (local.get 0) (f64.const 1))))');
  assert.deepEqual(meterModule(validateModule(bytes, anything)), meterModule(validateModule(bytes, anything)));
});

test('a module without anything is metered, too', async () => {
  assert.equal((await meteredFromText('(module)')).memoryPagesMin, 0);
  assert.equal((await meteredFromText('(module (memory 3) (data (i32.const 0) "x"))')).memoryPagesMin, 3);
});

test('NaNs of arithmetic are canonical, others keep their bits', async () => {
  const bits = async (expression: string): Promise<unknown> => {
    const { outcome } = await run(`(module (memory 1) (func (export "run") (param i64) (result i64) ${expression}))`, 0x7ff4_0000_0000_0123n);
    return outcome.kind === 'returned' && typeof outcome.value === 'bigint' ? BigInt.asUintN(64, outcome.value).toString(16) : outcome;
  };
  const nan = '(f64.reinterpret_i64 (local.get 0))';
  assert.equal(await bits(`(i64.reinterpret_f64 ${nan})`), '7ff4000000000123');
  assert.equal(await bits(`(i64.reinterpret_f64 (f64.neg ${nan}))`), 'fff4000000000123');
  assert.equal(await bits(`(i64.reinterpret_f64 (f64.add ${nan} (f64.const 1)))`), '7ff8000000000000');
  assert.equal(await bits(`(i64.reinterpret_f64 (f64.sub (f64.neg ${nan}) (f64.const 1)))`), '7ff8000000000000');
  assert.equal(await bits('(i64.reinterpret_f64 (f64.div (f64.const 0) (f64.const 0)))'), '7ff8000000000000');
  assert.equal(await bits(`(i64.reinterpret_f64 (f64.neg (f64.mul (f64.sqrt ${nan}) (f64.const 2))))`), 'fff8000000000000');
  assert.equal(await bits(`(i64.extend_i32_u (i32.reinterpret_f32 (f32.demote_f64 ${nan})))`), '7fc00000');
  assert.equal(await bits(`(i64x2.extract_lane 1 (f64x2.mul (f64x2.splat ${nan}) (f64x2.splat (f64.const 1))))`), '7ff8000000000000');
  assert.equal(await bits('(i64x2.extract_lane 0 (f32x4.sqrt (v128.const i32x4 0x7fa00001 0xbf800000 0 0)))'), '7fc000007fc00000');
  const mixed = '(f32x4.div (v128.const f32x4 0 0 0 0) (v128.const f32x4 0 0 0 0))';
  assert.equal(await bits(`(i64x2.extract_lane 0 (f64x2.add (v128.const f64x2 0 0) ${mixed}))`), '7fc000007fc00000', 'lanes of another shape are bits, not a NaN');
});

interface Seen {
  readonly result: unknown;
  readonly memory: Buffer;
}

function runOriginal(bytes: Uint8Array, argument: number): Seen {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const memory = exports['memory'];
  assert.ok(memory instanceof WebAssembly.Memory && typeof exports['run'] === 'function');
  try {
    return { result: exports['run'](argument), memory: Buffer.from(memory.buffer) };
  } catch {
    return { result: 'trapped', memory: Buffer.from(memory.buffer) };
  }
}

test('generated modules compute the same before and after, and the same fuel each time', async () => {
  await fc.assert(
    fc.asyncProperty(program, fc.integer(), async (text, argument) => {
      const metered = await meteredFromText(text);
      const twice = [0, 1].map(() => {
        const instance = GuestInstance.create(metered, {}, { memoryPagesMax: 1 });
        const outcome = instance.enter(2n ** 50n, 'run', argument);
        return { result: outcome.kind === 'returned' ? outcome.value : 'trapped', memory: Buffer.from(instance.memory), fuel: instance.fuelUsed };
      });
      const original = runOriginal(moduleFromText(text), argument);
      assert.deepEqual({ result: twice[0]?.result, memory: twice[0]?.memory }, original);
      assert.deepEqual(twice[0], twice[1]);
    }),
    { numRuns: 150 },
  );
});

test('generated modules stop wherever their fuel ends', async () => {
  await fc.assert(
    fc.asyncProperty(program, fc.integer(), fc.double({ min: 0, max: 1, noNaN: true }), async (text, argument, share) => {
      const metered = await meteredFromText(text);
      const whole = GuestInstance.create(metered, {}, { memoryPagesMax: 1 });
      if (whole.enter(2n ** 50n, 'run', argument).kind === 'stopped') return;
      const fuel = BigInt(Math.floor(Number(whole.fuelUsed) * share));
      const part = GuestInstance.create(metered, {}, { memoryPagesMax: 1 });
      const outcome = part.enter(fuel, 'run', argument);
      assert.equal(outcome.kind === 'stopped' ? outcome.end : outcome.kind, fuel === whole.fuelUsed ? 'returned' : 'fuel_limit');
    }),
    { numRuns: 100 },
  );
});
