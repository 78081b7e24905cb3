import assert from 'node:assert/strict';
import test from 'node:test';
import { fc } from '../../../util/test-properties.ts';
import { NanosError } from '../../../protocol/errors.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

const invalid = (message: RegExp) => (error: unknown) => error instanceof NanosError && error.code === 'module_invalid' && message.test(error.message);
const reader = (...bytes: number[]): ByteReader => new ByteReader(Uint8Array.from(bytes));

test('what is written is read', () => {
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), fc.integer(), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.string({ unit: 'grapheme' }), (u32, s32, s64, name) => {
      const bytes = new ByteWriter(1).u32(u32).s32(s32).s64(s64).name(name).u8(7).toBytes();
      const read = new ByteReader(bytes);
      assert.deepEqual([read.u32(), read.s32(), read.s64(), read.name(), read.u8(), read.remaining], [u32, s32, s64, name, 7, 0]);
    }),
  );
});

test('integers at their limits', () => {
  assert.equal(reader(0xff, 0xff, 0xff, 0xff, 0x0f).u32(), 0xffff_ffff);
  assert.equal(reader(0x80, 0x80, 0x80, 0x80, 0x78).s32(), -(2 ** 31));
  assert.equal(reader(0xff, 0xff, 0xff, 0xff, 0x07).s32(), 2 ** 31 - 1);
  assert.equal(reader(0x80, 0x80, 0x80, 0x80, 0x70).s33(), -(2 ** 32));
  assert.equal(reader(0x40).s33(), -0x40);
  assert.equal(reader(0x80, 0x00).u32(), 0, 'longer than needed is allowed');
});

test('integers past their limits', () => {
  assert.throws(() => reader(0xff, 0xff, 0xff, 0xff, 0x1f).u32(), invalid(/does not fit in 32 bits/u));
  assert.throws(() => reader(0x80, 0x80, 0x80, 0x80, 0x80, 0x00).u32(), invalid(/too long/u));
  assert.throws(() => reader(0xff, 0xff, 0xff, 0xff, 0x0f).s32(), invalid(/does not fit in 32 bits/u));
  assert.throws(() => reader(0x80, 0x80, 0x80, 0x80, 0x80, 0x7f).s33(), invalid(/too long/u));
  assert.throws(() => reader(...Array<number>(9).fill(0xff), 0x01).s64(), invalid(/does not fit in 64 bits/u));
  assert.throws(() => reader(...Array<number>(10).fill(0x80), 0x00).s64(), invalid(/too long/u));
});

test('what is cut off names the offset', () => {
  assert.throws(() => reader().u8(), invalid(/offset 0: unexpected end/u));
  assert.throws(() => reader(0x80).u32(), invalid(/offset 1: unexpected end/u));
  assert.throws(() => reader(0x05, 0x61).name(), invalid(/5 bytes are announced and 1 are left/u));
  assert.throws(() => reader(0xff, 0xff, 0xff, 0xff, 0x0f).list(() => 0), invalid(/4294967295 entries are announced and 0 bytes are left/u));
  assert.throws(() => reader(0x01, 0xff).name(), invalid(/not UTF-8/u));
});
