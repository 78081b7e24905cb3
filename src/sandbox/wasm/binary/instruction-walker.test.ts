import assert from 'node:assert/strict';
import test from 'node:test';
import { NanosError } from '../../../protocol/errors.ts';
import { InstructionWalker } from './instruction-walker.ts';
import { OPCODES, type Immediate } from './opcodes.ts';

const IMMEDIATES: Readonly<Record<Immediate, readonly number[]>> = {
  none: [],
  block: [0x40],
  index: [0x05],
  'index index': [0x05, 0x06],
  labels: [0x02, 0x00, 0x01, 0x02],
  'memory argument': [0x02, 0x10],
  memory: [0x00],
  'index memory': [0x05, 0x00],
  'memory memory': [0x00, 0x00],
  i32: [0x7f],
  i64: [0x80, 0x7f],
  f32: [1, 2, 3, 4],
  f64: [1, 2, 3, 4, 5, 6, 7, 8],
  'reference type': [0x70],
  'value types': [0x01, 0x7f],
  v128: Array<number>(16).fill(3),
  lane: [0x01],
  'memory argument, lane': [0x02, 0x10, 0x01],
};

function encoded(code: number): number[] {
  const number = code & 0xff;
  return code < 0x100 ? [code] : number < 0x80 ? [code >> 8, number] : [code >> 8, (number & 0x7f) | 0x80, number >> 7];
}

test('every instruction is passed over whole', () => {
  for (const { code, name, immediate } of OPCODES.values()) {
    const instruction = [...encoded(code), ...IMMEDIATES[immediate]];
    const walker = new InstructionWalker(Uint8Array.from([...instruction, 0x01]), 0, instruction.length + 1);
    assert.equal(walker.next(), true);
    assert.deepEqual([walker.opcode.name, walker.start, walker.end], [name, 0, instruction.length]);
    assert.equal(walker.next() && walker.opcode.name, 'nop');
    assert.equal(walker.next(), false);
  }
});

test('the instructions of the specification, by number', () => {
  const count = (from: number, to: number): number => [...OPCODES.keys()].filter((code) => code >= from && code < to).length;
  assert.equal(count(0, 0xfc00), 172 + 5 + 6 + 3 + 1 + 2 + 2, 'MVP, sign extension, exceptions, references, select with types, tables, tail calls');
  assert.equal(count(0xfc00, 0xfd00), 8 + 7 + 3);
  assert.equal(count(0xfd00, 0x1_0000), 236);
});

test('instructions of other features are refused by name', () => {
  const refused: readonly (readonly [feature: RegExp, bytes: readonly number[]])[] = [
    [/try_table\) at offset 0/u, [0x1f, 0x40, 0x00]],
    [/throw_ref/u, [0x0a]],
    [/call_ref/u, [0x14, 0x00]],
    [/garbage-collected types/u, [0xfb, 0x00, 0x00]],
    [/relaxed vector/u, [0xfd, 0x80, 0x02]],
    [/atomic/u, [0xfe, 0x10, 0x02, 0x00]],
    [/several memories/u, [0x28, 0x42, 0x01, 0x00]],
    [/several memories/u, [0x3f, 0x01]],
    [/exnref/u, [0x02, 0x69]],
  ];
  for (const [feature, bytes] of refused) {
    const walk = (): boolean => new InstructionWalker(Uint8Array.from(bytes), 0, bytes.length).next();
    assert.throws(walk, (error) => error instanceof NanosError && error.code === 'module_refused' && feature.test(error.message));
  }
  assert.throws(() => new InstructionWalker(Uint8Array.of(0xff), 0, 1).next(), (error) => error instanceof NanosError && error.code === 'module_invalid');
});
