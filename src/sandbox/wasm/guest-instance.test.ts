import assert from 'node:assert/strict';
import test from 'node:test';
import { NanosError } from '../../protocol/errors.ts';
import { GuestFault } from './guest-fault.ts';
import { GuestInstance, type Outcome } from './guest-instance.ts';
import { meteredFromText } from './test-metered.ts';
import type { WasmImports } from './web-assembly.ts';

const FUEL = 10_000_000n;

async function instantiate(text: string, imports: WasmImports = {}, memoryPagesMax = 4): Promise<GuestInstance> {
  return GuestInstance.create(await meteredFromText(text), imports, { memoryPagesMax });
}

function endOf(outcome: Outcome): string {
  return outcome.kind === 'stopped' ? outcome.end : `returned ${outcome.value}`;
}

async function endOfRun(text: string, imports: WasmImports = {}): Promise<string> {
  return endOf((await instantiate(text, imports)).enter(FUEL, 'run'));
}

test('how a guest can end', async () => {
  assert.equal(await endOfRun('(module (func (export "run") (result i32) (i32.const 7)))'), 'returned 7');
  assert.equal(await endOfRun('(module (func (export "run")))'), 'returned undefined');
  assert.equal(await endOfRun('(module (func (export "run") (loop $l (br $l))))'), 'fuel_limit');
  assert.equal(await endOfRun('(module (func $f (export "run") (call $f)))'), 'depth_limit');
  assert.equal(await endOfRun('(module (func (export "run") (unreachable)))'), 'agent_trapped');
  assert.equal(await endOfRun('(module (memory 1) (func (export "run") (drop (i32.load (i32.const 65536)))))'), 'agent_trapped');
  assert.equal(await endOfRun('(module (tag $e) (func (export "run") (throw $e)))'), 'agent_trapped');
  assert.equal(await endOfRun('(module (memory 1) (func (export "run") (if (i32.eq (memory.grow (i32.const 4)) (i32.const -1)) (then (unreachable)))))'), 'memory_limit');
  assert.equal(await endOfRun('(module (memory 1) (func (export "run") (if (i32.eq (memory.grow (i32.const 3)) (i32.const -1)) (then (unreachable)))))'), 'returned undefined');
  assert.equal(await endOfRun('(module)'), 'agent_abi');
  assert.equal(await endOfRun('(module (func (export "run") (result externref) (ref.null extern)))'), 'agent_abi');
  assert.equal(await endOfRun('(module (func (export "run") (param i64)))'), 'agent_abi');
});

test('fuel is exact at the limit and one past it', async () => {
  const text = '(module (func (export "run") (param i32) (loop $l (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $l (local.get 0)))))';
  assert.equal(endOf((await instantiate(text)).enter(60n, 'run', 10)), 'returned undefined');
  assert.equal(endOf((await instantiate(text)).enter(59n, 'run', 10)), 'fuel_limit');
  const straight = await instantiate('(module (func (export "run") (if (i32.const 1) (then (drop (i32.const 2)) (drop (i32.const 3))))))');
  assert.equal(endOf(straight.enter(3n, 'run')), 'fuel_limit', 'also when it ends in a segment that is not checked');
  assert.equal(straight.fuelUsed, 3n);
});

test('no round is free: what is charged behind a head that charges nothing is checked there', async () => {
  const heads = ['(try (do) (catch_all))', '(block $b (try (do) (delegate 0)))', '(block) (nop)', '(loop)'];
  for (const head of heads) {
    assert.equal(await endOfRun(`(module (func (export "run") (loop $l ${head} (br $l))))`), 'fuel_limit', head);
    assert.equal(await endOfRun(`(module (func $f (export "run") ${head} (return_call $f)))`), 'fuel_limit', head);
  }
});

test('a stopped instance is never entered again', async () => {
  const instance = await instantiate('(module (func (export "run") (unreachable)) (func (export "other")))');
  assert.equal(endOf(instance.enter(FUEL, 'run')), 'agent_trapped');
  assert.throws(() => instance.enter(FUEL, 'other'), /was stopped/u);
});

test('the start function runs first, once, and from the fuel of the first entry', async () => {
  const text = '(module (global $g (mut i32) (i32.const 0)) (func $s (global.set $g (i32.add (global.get $g) (i32.const 1)))) (start $s) (func (export "run") (result i32) (global.get $g)))';
  const instance = await instantiate(text);
  assert.equal(endOf(instance.enter(FUEL, 'run')), 'returned 1');
  assert.equal(instance.fuelUsed, 5n);
  assert.equal(endOf(instance.enter(FUEL, 'run')), 'returned 1');
  assert.equal(endOf((await instantiate('(module (func $s (loop $l (br $l))) (start $s) (func (export "run")))')).enter(FUEL, 'run')), 'fuel_limit');
});

test('depth is given back on every way out of a function', async () => {
  const rounds = (inner: string, body: string): string => `(module (tag $e) (type $t (func (param i32) (result i32))) (table funcref (elem $f))
    (func $f (param i32) (result i32) (local i64 i64 i64 i64) ${inner})
    (func $leaf (export "leaf"))
    (func (export "run") (local $n i32) (loop $l ${body} (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $l (i32.lt_u (local.get $n) (i32.const 40000))))))`;
  const call = '(drop (call $f (i32.const 1)))';
  assert.equal(await endOfRun(rounds('(call $leaf) (return (i32.const 1))', call)), 'returned undefined');
  assert.equal(await endOfRun(rounds('(call $leaf) (br 0 (i32.const 1))', call)), 'returned undefined');
  assert.equal(await endOfRun(rounds('(call $leaf) (br_table 0 0 (i32.const 1) (i32.const 0))', call)), 'returned undefined');
  assert.equal(await endOfRun(rounds('(call $leaf) (i32.const 1)', '(drop (call_indirect (type $t) (i32.const 1) (i32.const 0)))')), 'returned undefined');
  const throws = '(call $leaf) (throw $e)';
  assert.equal(await endOfRun(rounds(throws, `(try (do ${call}) (catch $e))`)), 'returned undefined');
  assert.equal(await endOfRun(rounds(throws, `(try (do ${call}) (catch_all))`)), 'returned undefined');
  assert.equal(await endOfRun(rounds(throws, `(try (do (try (do ${call}) (delegate 0))) (catch_all))`)), 'returned undefined');
  assert.equal(await endOfRun(rounds(throws, `(try (do (try (do ${call}) (catch_all (rethrow 0)))) (catch $e))`)), 'returned undefined');
});

test('tail calls take no depth', async () => {
  const text = `(module (type $t (func (param i32) (result i32))) (table funcref (elem $odd))
    (func $even (export "run2") (param i32) (result i32) (if (i32.eqz (local.get 0)) (then (return (i32.const 1)))) (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))
    (func $odd (param i32) (result i32) (if (i32.eqz (local.get 0)) (then (return (i32.const 0)))) (return_call $even (i32.sub (local.get 0) (i32.const 1))))
    (func (export "run") (result i32) (call $even (i32.const 100001))))`;
  assert.equal(await endOfRun(text), 'returned 0');
});

test('a guest can not catch the end of its fuel, of its depth, or what an import throws', async () => {
  const stop = { env: { f: () => { throw new GuestFault('agent_abi', 'Wrong'); } } };
  const caught = (body: string): string => `(module (import "env" "f" (func $f)) (func $again (call $again)) (func (export "run") (result i32) (try (do ${body}) (catch_all)) (i32.const 1)))`;
  assert.equal(await endOfRun(caught('(call $f)'), stop), 'agent_abi');
  assert.equal(await endOfRun(caught('(call $again)'), stop), 'depth_limit');
  assert.equal(await endOfRun(caught('(loop $l (br $l))'), stop), 'fuel_limit');
  assert.equal(await endOfRun(caught('(unreachable)'), stop), 'agent_trapped');
  const calls: string[] = [];
  const once = { env: { f: () => { calls.push('f'); throw new GuestFault('agent_abi', 'Wrong'); } } };
  assert.equal(await endOfRun(caught('(try (do (call $f)) (catch_all (call $f)))'), once), 'agent_abi');
  assert.deepEqual(calls, ['f'], 'no import acts for a stopped guest');
});

test('no import acts once the fuel is overspent', async () => {
  const calls: string[] = [];
  const instance = await instantiate('(module (import "env" "f" (func $f)) (func (export "run") (if (i32.const 1) (then (drop (i32.const 1)) (call $f)))))', { env: { f: () => void calls.push('f') } });
  assert.equal(endOf(instance.enter(2n, 'run')), 'fuel_limit');
  assert.deepEqual(calls, []);
});

test('an error of the host itself comes out', async () => {
  const failure = new Error('The disk is full');
  const instance = await instantiate('(module (import "env" "f" (func $f)) (func (export "run") (call $f)))', { env: { f: () => { throw failure; } } });
  assert.throws(() => instance.enter(FUEL, 'run'), failure);
  assert.throws(() => instance.enter(FUEL, 'run'), /was stopped/u);
});

test('a guest pays for what the host does for it', async () => {
  const text = '(module (import "e" "work" (func $work)) (func (export "run") (loop $l (try (do (call $work)) (catch_all)) (br $l))))';
  let worked = 0;
  const instance = await instantiate(text, {
    e: {
      work: () => {
        instance.charge(1_000n);
        worked++;
      },
    },
  });
  assert.equal(endOf(instance.enter(10_500n, 'run')), 'fuel_limit');
  assert.deepEqual([worked, instance.fuelUsed], [10, 10_500n]);
  assert.throws(() => instance.charge(1n), /only while it waits/u);
});

test('an import calls the guest back with the same fuel and depth', async () => {
  const text = (inner: string): string => `(module (import "env" "f" (func $f (result i32))) (func (export "inner") (param i32) (result i32) ${inner}) (func (export "run") (result i32) (call $f)))`;
  const enter = async (inner: string): Promise<[string, bigint]> => {
    const instance: GuestInstance = await instantiate(text(inner), { env: { f: () => instance.call('inner', 4) } });
    return [endOf(instance.enter(FUEL, 'run')), instance.fuelUsed];
  };
  assert.deepEqual(await enter('(i32.add (local.get 0) (i32.const 1))'), ['returned 5', 4n]);
  assert.equal((await enter('(loop $l (br $l)) (i32.const 1)'))[0], 'fuel_limit');
  assert.equal((await enter('(call 1 (local.get 0))'))[0], 'depth_limit');
  assert.equal((await enter('(call $f)'))[0], 'depth_limit', 'also through the host');
  assert.equal((await enter('(unreachable)'))[0], 'agent_trapped');
  const outside = await instantiate(text('(i32.const 1)'), { env: { f: () => 1 } });
  assert.throws(() => outside.call('inner', 1), /only while it waits/u);
});

const STATEFUL = `(module (memory (export "memory") 1) (global $i (mut i32) (i32.const 1)) (global $l (mut i64) (i64.const 2)) (global $f (mut f32) (f32.const 3)) (global $d (mut f64) (f64.const 4)) (global $c i32 (i32.const 5))
  (func (export "run") (result i64)
    (i32.store (i32.const 70000) (i32.add (i32.load (i32.const 70000)) (i32.const 1)))
    (global.set $i (i32.add (global.get $i) (i32.const 1)))
    (i64.add (i64.reinterpret_f64 (global.get $d)) (i64.extend_i32_u (i32.add (i32.add (global.get $i) (i32.load (i32.const 70000))) (i32.reinterpret_f32 (global.get $f))))))
  (func (export "grow") (drop (memory.grow (i32.const 1))) (global.set $d (f64.reinterpret_i64 (i64.const 0x7ff4000000000123))) (global.set $f (f32.reinterpret_i32 (i32.const 0x7fa00001)))))`;

test('an instance goes on in another one, bit by bit', async () => {
  const module = await meteredFromText(STATEFUL);
  const first = GuestInstance.create(module, {}, { memoryPagesMax: 4 });
  first.enter(FUEL, 'grow');
  first.enter(FUEL, 'run');
  const { pages, memory, globals } = first.state();
  assert.deepEqual([pages, globals], [2, [2, 2n, 0x7fa00001n, 0x7ff4000000000123n]], 'floats by their bits');
  const another = (): GuestInstance => GuestInstance.create(module, {}, { memoryPagesMax: 4 });
  const second = another();
  second.restore({ pages, memory: memory.slice(), globals });
  assert.deepEqual(second.state(), first.state());
  assert.deepEqual(second.enter(FUEL, 'run'), first.enter(FUEL, 'run'));
  const inPlace = another();
  const own = inPlace.grown(pages);
  own.set(second.memory);
  inPlace.restore({ pages, memory: own, globals: second.state().globals });
  assert.deepEqual(inPlace.state(), second.state());
  assert.throws(() => inPlace.restore(first.state()), /before it runs/u);
  assert.throws(() => another().grown(5), /needs 5 pages of memory/);
  const corrupt = (error: unknown): boolean => error instanceof NanosError && error.code === 'snapshot_corrupt';
  assert.throws(() => another().restore({ pages: 0, memory: new Uint8Array(), globals }), corrupt);
  assert.throws(() => another().restore({ pages, memory: memory.slice(), globals: [] }), corrupt);
});

test('what keeps a module from being instantiated', async () => {
  const code = async (text: string, imports: WasmImports = {}): Promise<string> => {
    const module = await meteredFromText(text);
    try {
      GuestInstance.create(module, imports, { memoryPagesMax: 4 });
      return 'made';
    } catch (error) {
      return error instanceof NanosError ? error.code : String(error);
    }
  };
  assert.equal(await code('(module (memory 4))'), 'made');
  assert.equal(await code('(module (memory 5))'), 'memory_limit');
  assert.equal(await code('(module (memory 1) (data (i32.const 65536) "x"))'), 'module_invalid');
  assert.equal(await code('(module (import "env" "f" (func)))'), 'module_invalid');
  assert.equal(await code('(module (import "env" "f" (func)))', { env: { f: new WebAssembly.Global({ value: 'i32' }, 1) } }), 'module_invalid');
});
