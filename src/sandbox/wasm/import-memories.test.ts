import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import wabt from 'wabt';
import { declaredMemory, MEMORY_MODULE } from '../../protocol/wasm-memory.ts';
import { readSections } from './binary/sections.ts';
import { importMemories } from './import-memories.ts';
import type { WasmImports } from './web-assembly.ts';

const { parseWat } = await wabt();

const FEATURES = { threads: true, multi_memory: true, memory64: true, bulk_memory: true };

function bytesOf(text: string): Uint8Array {
  const parsed = parseWat('module.wat', text, FEATURES);
  try {
    return new Uint8Array(parsed.toBinary({ write_debug_names: true }).buffer);
  } finally {
    parsed.destroy();
  }
}

function importsOf(bytes: Uint8Array): string[] {
  return WebAssembly.Module.imports(new WebAssembly.Module(bytes)).map(({ module, name, kind }) => `${kind} ${module} ${name}`);
}

describe('the memories that a module defines become its last imports', () => {
  for (const [text, imports] of [
    ['(module (memory 3))', ['memory nanos:memory 0,3,,0']],
    ['(module (import "a" "f" (func)) (memory (export "m") 1 20) (func (call 0)) (data (i32.const 0) "x"))', ['function a f', 'memory nanos:memory 0,1,20,0']],
    ['(module (import "a" "m" (memory 1)) (memory 2 2) (memory 2 2) (func (drop (memory.grow 2 (i32.const 1)))))', ['memory a m', 'memory nanos:memory 0,2,2,0', 'memory nanos:memory 1,2,2,0']],
    ['(module (memory 1 2 shared))', ['memory nanos:memory 0,1,2,1']],
    ['(module (table 1 funcref) (memory 1) (global i32 (i32.const 7)) (func $start) (start $start) (elem (i32.const 0) 0))', ['memory nanos:memory 0,1,,0']],
  ] as const) {
    test(text, () => assert.deepEqual(importsOf(importMemories(bytesOf(text))), imports));
  }
});

test('a module without a memory of its own is the same object', () => {
  for (const text of ['(module)', '(module (import "a" "m" (memory 7)) (func (export "f")))']) {
    const bytes = bytesOf(text);
    assert.equal(importMemories(bytes), bytes);
  }
});

test('custom sections stay where they were', () => {
  const sections = (bytes: Uint8Array): (string | number)[] => readSections(bytes).map(({ id, name }) => name ?? id);
  const bytes = bytesOf('(module (type (func)) (memory 1) (func $named (type 0)))');
  assert.deepEqual(sections(bytes), [1, 3, 5, 10, 'name']);
  assert.deepEqual(sections(importMemories(bytes)), [1, 2, 3, 10, 'name']);
});

test('it runs as before, in the memory that it is given', () => {
  const bytes = importMemories(bytesOf('(module (memory (export "m") 1 9) (data (i32.const 5) "hello") (func (export "grow") (result i32) (memory.grow (i32.const 4))))'));
  const [name = ''] = importsOf(bytes).map((line) => line.split(' ')[2] ?? '');
  const { initial } = declaredMemory(name);
  const memory = new WebAssembly.Memory({ initial, maximum: 3 });
  const given: WasmImports = { [MEMORY_MODULE]: { [name]: memory } };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), given);
  assert.equal(exports['m'], memory);
  assert.equal(Buffer.from(memory.buffer).toString('latin1', 5, 10), 'hello');
  assert.equal((exports['grow'] as () => number)(), -1);
});

describe('refused', () => {
  test('a memory of 64 bits', () => assert.throws(() => importMemories(bytesOf('(module (memory i64 1))')), { code: 'module_refused' }));
  for (const [what, bytes] of [
    ['bytes that are no module', Uint8Array.of(1, 2, 3)],
    ['a memory section that ends too soon', Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 5, 2, 1, 0)],
    ['a section that ends in the middle', Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 5, 0x83)],
  ] as const) {
    test(what, () => assert.throws(() => importMemories(bytes), { code: 'module_invalid' }));
  }
});
