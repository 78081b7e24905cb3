import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fc } from '../../util/test-properties.ts';
import { freezeModule, type FreezeOptions } from './freeze-module.ts';
import { findRuns } from './freeze-module-runs.ts';
import type { GuestInstance } from './guest-instance.ts';
import type { GuestState } from './snapshot/guest-state.ts';
import { createGuest, enterGuest, evaluateInQuickJs, meterForTest, quickJsModule, startQuickJs } from './test-guest.ts';
import { moduleFromText } from './test-module.ts';

const everything: FreezeOptions = { keepExports: () => true };

async function guestOf(module: Uint8Array): Promise<GuestInstance> {
  return createGuest(await meterForTest(module));
}

/** State of a guest of `counter` that has begun and ticked this often. */
async function ticked(count: number): Promise<GuestState> {
  const guest = await guestOf(counter);
  for (let i = 0; i < count; i++) enterGuest(guest, 'tick');
  return guest.state();
}

const counter = moduleFromText(`(module
  (memory (export "memory") 1 4)
  (global $i (mut i32) (i32.const -5))
  (global $same i32 (i32.const 77))
  (global $l (mut i64) (i64.const 0))
  (table 1 funcref)
  (elem (i32.const 0) $tick)
  (func $begin (i32.store (i32.const 8) (i32.const 1000)))
  (start $begin)
  (data (i32.const 100) "first")
  (func $tick (export "tick") (result i32)
    (global.set $i (i32.sub (global.get $i) (i32.const 1)))
    (global.set $l (i64.sub (global.get $l) (i64.const 0x123456789abcdef)))
    (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
    (i32.store8 (i32.const 101) (i32.const 0))
    (i32.load (i32.const 8)))
  (func (export "call") (result i32) (call_indirect (result i32) (i32.const 0)))
  (func (export "grow") (drop (memory.grow (i32.const 2))) (i64.store (i32.const 196600) (i64.const -1)))
  (func (export "i") (result i32) (i32.add (global.get $same) (global.get $i)))
  (func (export "l") (result i64) (global.get $l)))`);

describe('freezeModule', () => {
  it('makes a module that goes on where the instance was', async () => {
    const live = await guestOf(counter);
    for (let i = 0; i < 3; i++) enterGuest(live, 'tick');
    enterGuest(live, 'grow');
    const frozen = await guestOf(freezeModule(counter, live.state(), everything));
    assert.deepEqual(frozen.state(), live.state());
    for (const name of ['i', 'l', 'tick', 'call', 'i', 'l']) assert.equal(enterGuest(frozen, name), enterGuest(live, name), name);
  });

  it('makes the same bytes of the same state', async () => {
    assert.deepEqual(freezeModule(counter, await ticked(2), everything), freezeModule(counter, await ticked(2), everything));
  });

  it('can be frozen again', async () => {
    const once = freezeModule(counter, await ticked(1), everything);
    assert.deepEqual(freezeModule(once, (await guestOf(once)).state(), everything), once);
  });

  it('keeps every bit of float globals', async () => {
    const module = moduleFromText(`(module (memory (export "memory") 1)
      (global $f (mut f32) (f32.const 0)) (global $d (mut f64) (f64.const 0))
      (func (export "f") (result i32) (i32.reinterpret_f32 (global.get $f))) (func (export "d") (result i64) (i64.reinterpret_f64 (global.get $d))))`);
    const state = { pages: 1, memory: new Uint8Array(65_536), globals: [0x7fa0_0001n, -0x000f_ffff_ffff_fff0n] };
    const frozen = await guestOf(freezeModule(module, state, everything));
    assert.deepEqual([enterGuest(frozen, 'f'), enterGuest(frozen, 'd')], [0x7fa0_0001, -0x000f_ffff_ffff_fff0n]);
  });

  it('keeps only the exports that are asked for, and adds custom sections in place of those of the same name', async () => {
    const state = await ticked(1);
    const add = (text: string): FreezeOptions => ({ keepExports: (name) => name === 'memory' || name === 'tick', customSections: [{ name: 'note', bytes: Buffer.from(text) }] });
    const module = new WebAssembly.Module(freezeModule(freezeModule(counter, state, add('first')), state, add('second')));
    assert.deepEqual(WebAssembly.Module.exports(module).map(({ name }) => name), ['memory', 'tick']);
    assert.deepEqual(WebAssembly.Module.customSections(module, 'note').map((bytes) => Buffer.from(bytes).toString()), ['second']);
  });

  it('refuses by name what it can\'t capture', () => {
    const memory = '(memory (export "memory") 1)';
    const refused: [string, RegExp][] = [
      ['(import "a" "b" (memory 1)) (func (export "f"))', /imports the memory a\.b/u],
      ['(import "a" "b" (global (mut i32))) (func (export "f"))', /imports the global a\.b/u],
      ['(import "a" "b" (table 1 funcref)) (func (export "f"))', /imports the table a\.b/u],
      [`${memory} (global (mut funcref) (ref.null func))`, /mutable global 0 of type funcref/u],
      [`${memory} (global (mut v128) (v128.const i64x2 0 0))`, /mutable global 0 of type v128/u],
      [`${memory} (table 1 funcref) (func (table.set (i32.const 0) (ref.null func)))`, /changes its tables \(table\.set at offset \d+\)/u],
      [`${memory} (data "x") (func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1)))`, /reads data segments/u],
    ];
    const state = { pages: 1, memory: new Uint8Array(65_536), globals: [] };
    for (const [text, message] of refused) {
      assert.throws(() => freezeModule(moduleFromText(`(module ${text})`), state, everything), { code: 'module_refused', message }, text);
    }
  });

  it('refuses a state that is not of the module', async () => {
    const state = await ticked(1);
    assert.throws(() => freezeModule(counter, { ...state, globals: [1] }, everything), /globals were read/u);
    assert.throws(() => freezeModule(counter, { ...state, pages: 2 }, everything), /memory was read/u);
  });
});

describe('freezeModule of an engine', () => {
  it('gives a QuickJS that has evaluated a script', async () => {
    const engine = quickJsModule();
    const live = await guestOf(engine);
    startQuickJs(live);
    evaluateInQuickJs(live, 'var seen = ["é"]; globalThis.next = () => { seen.push(seen.length); return seen.join() }; next()');
    const frozen = await guestOf(freezeModule(engine, live.state(), everything));
    assert.equal(evaluateInQuickJs(frozen, 'next() + new RegExp("\\\\p{L}", "v").test(seen[0])'), 'é,1,2true');
    assert.equal(evaluateInQuickJs(live, 'next()'), 'é,1,2');
  });
});

describe('findRuns', () => {
  it('covers all that is not zero, and nothing twice', () => {
    const sparse = fc.array(fc.tuple(fc.nat(1023), fc.integer({ min: 1, max: 255 })), { maxLength: 60 });
    fc.assert(
      fc.property(sparse, fc.integer({ min: 1, max: 20 }), (bytes, runsMax) => {
        const memory = new Uint8Array(1024);
        for (const [at, value] of bytes) memory[at] = value;
        const runs = findRuns(memory, runsMax);
        const copy = new Uint8Array(1024);
        for (const { start, end } of runs) copy.set(memory.subarray(start, end), start);
        assert.deepEqual(copy, memory);
        assert.ok(runs.length <= runsMax);
        assert.ok(runs.every(({ start, end }, index) => start < end && start >= (runs[index - 1]?.end ?? 0)));
      }),
    );
  });
});
