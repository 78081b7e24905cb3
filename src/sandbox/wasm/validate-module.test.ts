import assert from 'node:assert/strict';
import test from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { fc } from '../../util/test-properties.ts';
import { NanosError } from '../../protocol/errors.ts';
import { ByteWriter } from './binary/byte-writer.ts';
import { meterModule } from './meter-module.ts';
import { moduleFromText } from './test-module.ts';
import { validateModule, type ModuleRules } from './validate-module.ts';
import { READ_LIMITS, WASM_LIMITS } from './wasm-limits.ts';

const anything: ModuleRules = { imports: () => true };
const HEAD = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** Uses most sections and kinds of instruction. */
const SMALL = moduleFromText(`(module
  (type $t (func (param i32) (result i32)))
  (import "env" "f" (func $f (param i32) (result i32)))
  (table 2 10 funcref) (memory (export "memory") 1 2) (tag $e (param i32))
  (global $g (mut i32) (i32.const 7)) (global f64 (f64.const 1.5))
  (export "run" (func $run)) (start $start)
  (elem (i32.const 0) $f $run)
  (func $start (global.set $g (i32.const 1)))
  (func $run (param i32) (result i32) (local i64 f32)
    (block $b (loop $l (br_if $b (i32.eqz (local.get 0))) (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br $l)))
    (try (do (throw $e (i32.const 5))) (catch $e (drop)) (catch_all))
    (memory.fill (i32.const 0) (i32.const 1) (i32.const 8))
    (drop (f32x4.add (v128.const f32x4 1 2 3 4) (v128.load (i32.const 16))))
    (block (br_table 0 0 (i32.const 0)))
    (return_call_indirect (type $t) (i32.const 1) (i32.const 0)))
  (data (i32.const 0) "hello"))`);

function refusal(bytes: Uint8Array, rules = anything): string {
  try {
    validateModule(bytes, rules);
    return 'accepted';
  } catch (error) {
    if (error instanceof NanosError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/** A module of one section. */
function withSection(id: number, ...content: number[]): Uint8Array {
  return Uint8Array.from([...HEAD, id, content.length, ...content]);
}

/** A module with one function () → () of these bytes. */
function withBody(...body: readonly number[]): Uint8Array {
  const code = new ByteWriter(body.length + 16).u32(1).block(Uint8Array.from(body)).toBytes();
  return new ByteWriter(code.length + 64).raw([...HEAD, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10]).block(code).toBytes();
}

test('a module of all accepted features', () => {
  assert.equal(refusal(SMALL), 'accepted');
});

test('other features are refused by name', () => {
  assert.match(refusal(withSection(5, 1, 0x04, 1)), /^module_refused: .*a 64-bit memory at offset 11/u);
  assert.match(refusal(withSection(5, 1, 0x03, 1, 1)), /^module_refused: .*a shared memory \(threads\)/u);
  assert.match(refusal(withSection(5, 2, 0, 1, 0, 1)), /^module_refused: .*2 memories/u);
  assert.match(refusal(withSection(5, 1, 0x08, 1, 0)), /^module_refused: .*custom page sizes/u);
  assert.match(refusal(withSection(4, 1, 0x70, 0x04, 1)), /^module_refused: .*a 64-bit table/u);
  assert.match(refusal(withSection(1, 1, 0x5f, 0)), /^module_refused: .*garbage-collected types/u);
  assert.match(refusal(withSection(1, 1, 0x60, 1, 0x69, 0)), /^module_refused: .*exnref/u);
  assert.match(refusal(withSection(1, 1, 0x60, 1, 0x64, 0x70, 0)), /^module_refused: .*typed function references/u);
  assert.match(refusal(withSection(6, 1, 0x7f, 0x02, 0x41, 0, 0x0b)), /^module_refused: .*shared globals/u);
  assert.match(refusal(withSection(6, 1, 0x7f, 0, 0x41, 1, 0x41, 1, 0x6a, 0x0b)), /^module_refused: .*extended constant expressions/u);
});

test('imports are the caller\'s to judge, reserved exports are refused', () => {
  const rules = { imports: (module: string, name: string, kind: string) => kind === 'function' && `${module}.${name}` === 'env.f' };
  assert.equal(refusal(SMALL, rules), 'accepted');
  assert.match(refusal(SMALL, { imports: () => false }), /^module_refused: .*imports the function "env\.f"/u);
  assert.match(refusal(moduleFromText('(module (import "env" "f" (global i32)))'), rules), /imports the global "env\.f"/u);
  assert.match(refusal(moduleFromText('(module (func (export "__nanos_fuel")))')), /^module_refused: .*"__nanos_fuel"/u);
  assert.match(refusal(meterModule(validateModule(SMALL, anything))), /^module_refused: .*reserved/u);
});

test('what the engine calls invalid is invalid', () => {
  assert.match(refusal(withBody(0, 0x41, 0x01, 0x0b)), /^module_invalid: .*not valid/u);
  assert.match(refusal(new Uint8Array()), /^module_invalid: .*not a WebAssembly module/u);
  assert.match(refusal(Uint8Array.from([...HEAD.slice(0, 4), 0x0d, 0, 1, 0])), /not a WebAssembly module of version 1/u);
  assert.match(refusal(Uint8Array.from([...HEAD, 3, 1, 0, 1, 1, 0])), /out of order/u);
  assert.match(refusal(Uint8Array.from([...HEAD, 1, 1, 0, 1, 1, 0])), /out of order or not the first/u);
  assert.match(refusal(Uint8Array.from([...HEAD, 14, 0])), /unknown kind 14/u);
});

test('sizes at their limit and one past it', () => {
  const locals = (count: number): string => refusal(withBody(...new ByteWriter().u32(1).u32(count).u8(0x7f).u8(0x0b).toBytes()));
  assert.equal(locals(WASM_LIMITS.localsMax), 'accepted');
  assert.match(locals(WASM_LIMITS.localsMax + 1), /^module_refused: .*10001 locals in function 0: at most 10000/u);
  assert.match(locals(0xffff_ffff), /^module_refused: .*4294967295 locals/u);
  const table = (count: number): string => refusal(moduleFromText(`(module (table ${count} funcref))`));
  assert.equal(table(WASM_LIMITS.tableElementsMax), 'accepted');
  assert.match(table(WASM_LIMITS.tableElementsMax + 1), /^module_refused: .*elements in a table/u);
  const nested = (count: number): string => refusal(withBody(0, ...Array.from({ length: count }, () => [0x02, 0x40]).flat(), ...Array<number>(count + 1).fill(0x0b)));
  assert.equal(nested(WASM_LIMITS.nestingMax - 1), 'accepted');
  assert.match(nested(WASM_LIMITS.nestingMax), /^module_refused: .*blocks inside each other/u);
  const nops = (count: number): string => refusal(withBody(0, ...Array<number>(count).fill(0x01), 0x0b));
  assert.equal(nops(100_000), 'accepted');
  const long = new ByteWriter(2 ** 20 + 64).u32(1).block(new Uint8Array(WASM_LIMITS.functionBytesMax + 1).fill(0x01).with(0, 0).with(WASM_LIMITS.functionBytesMax, 0x0b)).toBytes();
  const module = new ByteWriter(long.length + 64).raw([...HEAD, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10]).block(long).toBytes();
  assert.match(refusal(module), /^module_refused: .*bytes in function 0/u);
});

test('a module of many tiny entries is refused before they are read', () => {
  const bomb = (id: number, count: number, ...entry: number[]): Uint8Array => {
    const content = new ByteWriter(count * entry.length + 8).u32(count).raw(Buffer.alloc(count * entry.length, Uint8Array.from(entry))).toBytes();
    return new ByteWriter(content.length + 16).raw([...HEAD, id]).block(content).toBytes();
  };
  assert.match(refusal(bomb(1, READ_LIMITS.sectionEntriesMax + 1, 0x60, 0, 0)), /^module_refused: .*entries in a section/u);
  assert.match(refusal(bomb(3, WASM_LIMITS.functionsMax + 1, 0)), /^module_(?:refused|invalid): /u);
  assert.match(refusal(withSection(1, 1, 0x60, 0xf5, 0x03, ...Array<number>(501).fill(0x7f), 0)), /^module_/u);
  assert.match(refusal(Uint8Array.from([...HEAD, ...Array.from({ length: READ_LIMITS.sectionsMax + 1 }, () => [0, 1, 0]).flat()])), /^module_refused: .*sections/u);
  const groups = new ByteWriter(2 ** 21).u32(1_000_000).raw(Buffer.alloc(2_000_000, Uint8Array.of(0, 0x7f))).u8(0x0b).toBytes();
  const bodies = new ByteWriter(2 ** 23).u32(3).block(groups).block(groups).block(groups).toBytes();
  const module = new ByteWriter(2 ** 23).raw([...HEAD, 1, 4, 1, 0x60, 0, 0, 3, 4, 3, 0, 0, 0, 10]).block(bodies).toBytes();
  assert.match(refusal(module), /^module_refused: .*declarations of locals/u);
});

test('a module cut off anywhere is an error, never a crash', () => {
  for (let length = 0; length < SMALL.length; length += 1) {
    const verdict = refusal(SMALL.subarray(0, length));
    if (verdict === 'accepted') assert.equal(WebAssembly.validate(SMALL.slice(0, length)), true);
    else assert.match(verdict, /^module_(?:invalid|refused): /u);
  }
});

test('any byte changed: an error, or a module that is valid and can be metered', () => {
  for (let at = 0; at < SMALL.length; at += 1) {
    for (const bits of [0x01, 0x02, 0x10, 0x40, 0x80, 0xff]) {
      const changed = SMALL.with(at, (SMALL[at] ?? 0) ^ bits);
      const verdict = refusal(changed);
      if (verdict !== 'accepted') assert.match(verdict, /^module_(?:invalid|refused): /u);
      else assert.equal(WebAssembly.validate(meterModule(validateModule(changed, anything))), true, `byte ${at} ^ ${bits}`);
    }
  }
});

test('random bytes behind a head are an error', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => refusal(Uint8Array.from([...HEAD, ...tail])) !== ''));
});

test('what the engine refuses is refused with its reason, also when the engine looks at functions only as they run', () => {
  // One function, i32.add on an empty stack.
  const bytes = new Uint8Array([...HEAD, 0x01, 0x04, 0x01, 0x60, 0x00, 0x00, 0x03, 0x02, 0x01, 0x00, 0x0a, 0x05, 0x01, 0x03, 0x00, 0x6a, 0x0b]);
  for (const flag of ['--no-wasm-lazy-validation', '--wasm-lazy-validation']) {
    setFlagsFromString(flag);
    assert.throws(() => validateModule(bytes, anything), { code: 'module_invalid', message: /not enough arguments on the stack for i32\.add/ });
  }
});
