import { CODE, type NanShape } from '../binary/opcodes.ts';
import { ByteWriter } from '../binary/byte-writer.ts';
import { BLOCK_EMPTY } from '../binary/instruction-walker.ts';

const EMPTY = BLOCK_EMPTY + 0x80;
const NANS: Readonly<Record<NanShape, { readonly constant: number[]; readonly equal: string; readonly choose: string }>> = {
  f32: { constant: [0x43, 0, 0, 0xc0, 0x7f], equal: 'f32.eq', choose: 'select' },
  f64: { constant: [0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f], equal: 'f64.eq', choose: 'select' },
  f32x4: { constant: [0xfd, 0x0c, 0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f], equal: 'f32x4.eq', choose: 'v128.bitselect' },
  f64x2: { constant: [0xfd, 0x0c, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f], equal: 'f64x2.eq', choose: 'v128.bitselect' },
};

/** Writes instructions. */
export class CodeWriter extends ByteWriter {
  op(name: string, ...indices: readonly number[]): this {
    const code = CODE[name];
    if (code === undefined) throw new Error(`There is no instruction ${name}`);
    if (code < 0x100) this.u8(code);
    else this.u8(code >> 8).u32(code & 0xff);
    for (const index of indices) this.u32(index);
    return this;
  }

  i32(value: number): this {
    return this.op('i32.const').s32(value);
  }

  i64(value: number | bigint): this {
    return this.op('i64.const').s64(BigInt(value));
  }

  /** Takes an i32; `body` runs when it isn't 0. */
  when(body: (writer: this) => void): this {
    this.op('if').u8(EMPTY);
    body(this);
    return this.op('end');
  }

  trapWhenNegative(type: 'i32' | 'i64'): this {
    if (type === 'i32') this.i32(0);
    else this.i64(0);
    return this.op(`${type}.lt_s`).when((then) => then.op('unreachable'));
  }

  /** Replaces the value on top, when it is a NaN, or each of its lanes that is one, by the canonical NaN with a positive sign. */
  canonicalNan(shape: NanShape, scratch: number): this {
    const { constant, equal, choose } = NANS[shape];
    return this.op('local.tee', scratch).raw(constant).op('local.get', scratch).op('local.get', scratch).op(equal).op(choose);
  }
}
