import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { moduleFromText } from '../test-module.ts';
import { snapshotRefusal } from './snapshot-refusal.ts';

const memory = '(memory (export "memory") 1)';

describe('snapshotRefusal', () => {
  it('lets pass what memory and numeric globals hold all of', () => {
    const modules = [
      '',
      '(memory 1)',
      `${memory} (global (mut i32) (i32.const 0)) (global (mut f64) (f64.const 0)) (global funcref (ref.null func)) (global v128 (v128.const i64x2 0 0))`,
      '(import "a" "f" (func)) (import "a" "g" (global i32)) (func (export "f"))',
      `${memory} (table (export "t") 2 funcref) (elem (i32.const 0) $f) (func $f (drop (table.get (i32.const 0))) (drop (table.size)) (call_indirect (i32.const 0)))`,
      `${memory} (data "x") (func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1)) (memory.fill (i32.const 0) (i32.const 0) (i32.const 1)))`,
      `${memory} (elem func) (func (elem.drop 0))`,
    ];
    for (const text of modules) assert.equal(snapshotRefusal(moduleFromText(`(module ${text})`)), undefined, text);
  });

  it('names what it refuses', () => {
    const modules: [string, RegExp][] = [
      ['(import "a" "m" (memory 1))', /^imports the memory a\.m/u],
      ['(import "a" "t" (table 1 funcref))', /^imports the table a\.t/u],
      ['(import "a" "i" (global i32)) (import "a" "j" (global (mut i32)))', /^imports the global a\.j/u],
      [`${memory} (global i32 (i32.const 0)) (global (mut externref) (ref.null extern))`, /^has the mutable global 1 of type externref/u],
      [`${memory} (global (mut funcref) (ref.null func))`, /^has the mutable global 0 of type funcref/u],
      [`${memory} (global (mut v128) (v128.const i64x2 0 0))`, /^has the mutable global 0 of type v128/u],
      [`${memory} (data "x") (func (data.drop 0))`, /^drops data segments while it runs \(data\.drop at offset \d+\)/u],
      ...['(table.set (i32.const 0) (ref.null func))', '(drop (table.grow (ref.null func) (i32.const 1)))', '(table.fill (i32.const 0) (ref.null func) (i32.const 1))']
        .concat('(table.copy (i32.const 0) (i32.const 0) (i32.const 1))', '(table.init 0 (i32.const 0) (i32.const 0) (i32.const 0))')
        .map((code): [string, RegExp] => [`${memory} (table 1 funcref) (elem func) (func) (func ${code})`, /^changes its tables \(table\.\w+ at offset \d+\)/u]),
    ];
    for (const [text, reason] of modules) assert.match(snapshotRefusal(moduleFromText(`(module ${text})`)) ?? '', reason, text);
  });
});
