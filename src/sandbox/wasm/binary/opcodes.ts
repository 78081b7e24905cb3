/** How the immediate arguments of an instruction are encoded. */
export type Immediate =
  | 'none'
  | 'block'
  | 'index'
  | 'index index'
  | 'labels'
  | 'memory argument'
  | 'memory'
  | 'index memory'
  | 'memory memory'
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64'
  | 'reference type'
  | 'value types'
  | 'v128'
  | 'lane'
  | 'memory argument, lane';

/** The type of a float result whose NaN bits the specification leaves open (core specification 4.3.3, "nans_N"). */
export type NanShape = 'f32' | 'f64' | 'f32x4' | 'f64x2';

export interface Opcode {
  /** the byte, or prefix × 256 + the number behind it */
  readonly code: number;
  readonly name: string;
  readonly immediate: Immediate;
  /** values taken from the operand stack and put on it; undefined where types decide */
  readonly pops: number | undefined;
  readonly pushes: number | undefined;
  /** for float arithmetic: its result may be any NaN */
  readonly nan: NanShape | undefined;
  /** the operand on top is used as floats of this shape, to which all NaNs are alike */
  readonly numeric: NanShape | undefined;
}

const NAN_PRODUCER = /^(f32|f64|f32x4|f64x2)\.(?:add|sub|mul|div|sqrt|ceil|floor|trunc|nearest|min|max|promote_f32|demote_f64|promote_low_f32x4|demote_f64x2_zero)$/u;
const COMPARISON_OR_TRUNCATION = /^f.*\.(?:eq|ne|lt|gt|le|ge)$|^i.*\.trunc_/u;
const SHAPE = /f(?:32|64)(?:x[24])?/gu;

const opcodes = new Map<number, Opcode>();

/** Adds instructions with consecutive codes; `-` leaves one out. */
function row(first: number, immediate: Immediate, pops: number | undefined, pushes: number | undefined, names: string): void {
  for (const [index, name] of names.split(' ').entries()) {
    const nan = NAN_PRODUCER.exec(name)?.[1] as NanShape | undefined;
    const computes = nan !== undefined || COMPARISON_OR_TRUNCATION.test(name);
    // The operand's shape is named last, as in f32.demote_f64, or it is the instruction's own.
    const numeric = computes ? (name.match(SHAPE)?.at(-1) as NanShape | undefined) : undefined;
    const code = first + index;
    if (name !== '-') opcodes.set(code, { code, name, immediate, pops, pushes, nan, numeric });
  }
}

// Control (core specification 5.4.1), exceptions of the legacy proposal, tail calls
row(0x00, 'none', 0, 0, 'unreachable nop');
row(0x02, 'block', undefined, undefined, 'block loop if');
row(0x05, 'none', undefined, undefined, 'else');
row(0x06, 'block', undefined, undefined, 'try');
row(0x07, 'index', undefined, undefined, 'catch throw rethrow');
row(0x0b, 'none', undefined, undefined, 'end');
row(0x0c, 'index', undefined, undefined, 'br br_if');
row(0x0e, 'labels', undefined, undefined, 'br_table');
row(0x0f, 'none', undefined, undefined, 'return');
row(0x10, 'index', undefined, undefined, 'call');
row(0x11, 'index index', undefined, undefined, 'call_indirect');
row(0x12, 'index', undefined, undefined, 'return_call');
row(0x13, 'index index', undefined, undefined, 'return_call_indirect');
row(0x18, 'index', undefined, undefined, 'delegate');
row(0x19, 'none', undefined, undefined, 'catch_all');

// Parametric, variables, tables (5.4.3 to 5.4.5)
row(0x1a, 'none', 1, 0, 'drop');
row(0x1b, 'none', 3, 1, 'select');
row(0x1c, 'value types', 3, 1, 'select');
row(0x20, 'index', 0, 1, 'local.get');
row(0x21, 'index', 1, 0, 'local.set');
row(0x22, 'index', 1, 1, 'local.tee');
row(0x23, 'index', 0, 1, 'global.get');
row(0x24, 'index', 1, 0, 'global.set');
row(0x25, 'index', 1, 1, 'table.get');
row(0x26, 'index', 2, 0, 'table.set');

// Memory (5.4.6)
row(0x28, 'memory argument', 1, 1, 'i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u');
row(0x30, 'memory argument', 1, 1, 'i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u');
row(0x36, 'memory argument', 2, 0, 'i32.store i64.store f32.store f64.store i32.store8 i32.store16 i64.store8 i64.store16 i64.store32');
row(0x3f, 'memory', 0, 1, 'memory.size');
row(0x40, 'memory', 1, 1, 'memory.grow');

// Numbers (5.4.7)
row(0x41, 'i32', 0, 1, 'i32.const');
row(0x42, 'i64', 0, 1, 'i64.const');
row(0x43, 'f32', 0, 1, 'f32.const');
row(0x44, 'f64', 0, 1, 'f64.const');
row(0x45, 'none', 1, 1, 'i32.eqz');
row(0x46, 'none', 2, 1, 'i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u');
row(0x50, 'none', 1, 1, 'i64.eqz');
row(0x51, 'none', 2, 1, 'i64.eq i64.ne i64.lt_s i64.lt_u i64.gt_s i64.gt_u i64.le_s i64.le_u i64.ge_s i64.ge_u');
row(0x5b, 'none', 2, 1, 'f32.eq f32.ne f32.lt f32.gt f32.le f32.ge f64.eq f64.ne f64.lt f64.gt f64.le f64.ge');
row(0x67, 'none', 1, 1, 'i32.clz i32.ctz i32.popcnt');
row(0x6a, 'none', 2, 1, 'i32.add i32.sub i32.mul i32.div_s i32.div_u i32.rem_s i32.rem_u i32.and i32.or i32.xor i32.shl i32.shr_s i32.shr_u i32.rotl i32.rotr');
row(0x79, 'none', 1, 1, 'i64.clz i64.ctz i64.popcnt');
row(0x7c, 'none', 2, 1, 'i64.add i64.sub i64.mul i64.div_s i64.div_u i64.rem_s i64.rem_u i64.and i64.or i64.xor i64.shl i64.shr_s i64.shr_u i64.rotl i64.rotr');
row(0x8b, 'none', 1, 1, 'f32.abs f32.neg f32.ceil f32.floor f32.trunc f32.nearest f32.sqrt');
row(0x92, 'none', 2, 1, 'f32.add f32.sub f32.mul f32.div f32.min f32.max f32.copysign');
row(0x99, 'none', 1, 1, 'f64.abs f64.neg f64.ceil f64.floor f64.trunc f64.nearest f64.sqrt');
row(0xa0, 'none', 2, 1, 'f64.add f64.sub f64.mul f64.div f64.min f64.max f64.copysign');
row(0xa7, 'none', 1, 1, 'i32.wrap_i64 i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u');
row(0xac, 'none', 1, 1, 'i64.extend_i32_s i64.extend_i32_u i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s i64.trunc_f64_u');
row(0xb2, 'none', 1, 1, 'f32.convert_i32_s f32.convert_i32_u f32.convert_i64_s f32.convert_i64_u f32.demote_f64');
row(0xb7, 'none', 1, 1, 'f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s f64.convert_i64_u f64.promote_f32');
row(0xbc, 'none', 1, 1, 'i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 f64.reinterpret_i64');
row(0xc0, 'none', 1, 1, 'i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s i64.extend32_s');

// References (5.4.2)
row(0xd0, 'reference type', 0, 1, 'ref.null');
row(0xd1, 'none', 1, 1, 'ref.is_null');
row(0xd2, 'index', 0, 1, 'ref.func');

// Saturating conversions, bulk memory, tables
row(0xfc00, 'none', 1, 1, 'i32.trunc_sat_f32_s i32.trunc_sat_f32_u i32.trunc_sat_f64_s i32.trunc_sat_f64_u');
row(0xfc04, 'none', 1, 1, 'i64.trunc_sat_f32_s i64.trunc_sat_f32_u i64.trunc_sat_f64_s i64.trunc_sat_f64_u');
row(0xfc08, 'index memory', 3, 0, 'memory.init');
row(0xfc09, 'index', 0, 0, 'data.drop');
row(0xfc0a, 'memory memory', 3, 0, 'memory.copy');
row(0xfc0b, 'memory', 3, 0, 'memory.fill');
row(0xfc0c, 'index index', 3, 0, 'table.init');
row(0xfc0d, 'index', 0, 0, 'elem.drop');
row(0xfc0e, 'index index', 3, 0, 'table.copy');
row(0xfc0f, 'index', 2, 1, 'table.grow');
row(0xfc10, 'index', 0, 1, 'table.size');
row(0xfc11, 'index', 3, 0, 'table.fill');

// Vectors (5.4.8)
row(0xfd00, 'memory argument', 1, 1, 'v128.load v128.load8x8_s v128.load8x8_u v128.load16x4_s v128.load16x4_u v128.load32x2_s v128.load32x2_u');
row(0xfd07, 'memory argument', 1, 1, 'v128.load8_splat v128.load16_splat v128.load32_splat v128.load64_splat');
row(0xfd0b, 'memory argument', 2, 0, 'v128.store');
row(0xfd0c, 'v128', 0, 1, 'v128.const');
row(0xfd0d, 'v128', 2, 1, 'i8x16.shuffle');
row(0xfd0e, 'none', 2, 1, 'i8x16.swizzle');
row(0xfd0f, 'none', 1, 1, 'i8x16.splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat');
row(0xfd15, 'lane', 1, 1, 'i8x16.extract_lane_s i8x16.extract_lane_u');
row(0xfd17, 'lane', 2, 1, 'i8x16.replace_lane');
row(0xfd18, 'lane', 1, 1, 'i16x8.extract_lane_s i16x8.extract_lane_u');
row(0xfd1a, 'lane', 2, 1, 'i16x8.replace_lane');
row(0xfd1b, 'lane', 1, 1, 'i32x4.extract_lane');
row(0xfd1c, 'lane', 2, 1, 'i32x4.replace_lane');
row(0xfd1d, 'lane', 1, 1, 'i64x2.extract_lane');
row(0xfd1e, 'lane', 2, 1, 'i64x2.replace_lane');
row(0xfd1f, 'lane', 1, 1, 'f32x4.extract_lane');
row(0xfd20, 'lane', 2, 1, 'f32x4.replace_lane');
row(0xfd21, 'lane', 1, 1, 'f64x2.extract_lane');
row(0xfd22, 'lane', 2, 1, 'f64x2.replace_lane');
row(0xfd23, 'none', 2, 1, 'i8x16.eq i8x16.ne i8x16.lt_s i8x16.lt_u i8x16.gt_s i8x16.gt_u i8x16.le_s i8x16.le_u i8x16.ge_s i8x16.ge_u');
row(0xfd2d, 'none', 2, 1, 'i16x8.eq i16x8.ne i16x8.lt_s i16x8.lt_u i16x8.gt_s i16x8.gt_u i16x8.le_s i16x8.le_u i16x8.ge_s i16x8.ge_u');
row(0xfd37, 'none', 2, 1, 'i32x4.eq i32x4.ne i32x4.lt_s i32x4.lt_u i32x4.gt_s i32x4.gt_u i32x4.le_s i32x4.le_u i32x4.ge_s i32x4.ge_u');
row(0xfd41, 'none', 2, 1, 'f32x4.eq f32x4.ne f32x4.lt f32x4.gt f32x4.le f32x4.ge f64x2.eq f64x2.ne f64x2.lt f64x2.gt f64x2.le f64x2.ge');
row(0xfd4d, 'none', 1, 1, 'v128.not');
row(0xfd4e, 'none', 2, 1, 'v128.and v128.andnot v128.or v128.xor');
row(0xfd52, 'none', 3, 1, 'v128.bitselect');
row(0xfd53, 'none', 1, 1, 'v128.any_true');
row(0xfd54, 'memory argument, lane', 2, 1, 'v128.load8_lane v128.load16_lane v128.load32_lane v128.load64_lane');
row(0xfd58, 'memory argument, lane', 2, 0, 'v128.store8_lane v128.store16_lane v128.store32_lane v128.store64_lane');
row(0xfd5c, 'memory argument', 1, 1, 'v128.load32_zero v128.load64_zero');
row(0xfd5e, 'none', 1, 1, 'f32x4.demote_f64x2_zero f64x2.promote_low_f32x4');
row(0xfd60, 'none', 1, 1, 'i8x16.abs i8x16.neg i8x16.popcnt i8x16.all_true i8x16.bitmask');
row(0xfd65, 'none', 2, 1, 'i8x16.narrow_i16x8_s i8x16.narrow_i16x8_u');
row(0xfd67, 'none', 1, 1, 'f32x4.ceil f32x4.floor f32x4.trunc f32x4.nearest');
row(0xfd6b, 'none', 2, 1, 'i8x16.shl i8x16.shr_s i8x16.shr_u i8x16.add i8x16.add_sat_s i8x16.add_sat_u i8x16.sub i8x16.sub_sat_s i8x16.sub_sat_u');
row(0xfd74, 'none', 1, 1, 'f64x2.ceil f64x2.floor');
row(0xfd76, 'none', 2, 1, 'i8x16.min_s i8x16.min_u i8x16.max_s i8x16.max_u');
row(0xfd7a, 'none', 1, 1, 'f64x2.trunc');
row(0xfd7b, 'none', 2, 1, 'i8x16.avgr_u');
row(0xfd7c, 'none', 1, 1, 'i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u');
row(0xfd80, 'none', 1, 1, 'i16x8.abs i16x8.neg');
row(0xfd82, 'none', 2, 1, 'i16x8.q15mulr_sat_s');
row(0xfd83, 'none', 1, 1, 'i16x8.all_true i16x8.bitmask');
row(0xfd85, 'none', 2, 1, 'i16x8.narrow_i32x4_s i16x8.narrow_i32x4_u');
row(0xfd87, 'none', 1, 1, 'i16x8.extend_low_i8x16_s i16x8.extend_high_i8x16_s i16x8.extend_low_i8x16_u i16x8.extend_high_i8x16_u');
row(0xfd8b, 'none', 2, 1, 'i16x8.shl i16x8.shr_s i16x8.shr_u i16x8.add i16x8.add_sat_s i16x8.add_sat_u i16x8.sub i16x8.sub_sat_s i16x8.sub_sat_u');
row(0xfd94, 'none', 1, 1, 'f64x2.nearest');
row(0xfd95, 'none', 2, 1, 'i16x8.mul i16x8.min_s i16x8.min_u i16x8.max_s i16x8.max_u - i16x8.avgr_u');
row(0xfd9c, 'none', 2, 1, 'i16x8.extmul_low_i8x16_s i16x8.extmul_high_i8x16_s i16x8.extmul_low_i8x16_u i16x8.extmul_high_i8x16_u');
row(0xfda0, 'none', 1, 1, 'i32x4.abs i32x4.neg - i32x4.all_true i32x4.bitmask');
row(0xfda7, 'none', 1, 1, 'i32x4.extend_low_i16x8_s i32x4.extend_high_i16x8_s i32x4.extend_low_i16x8_u i32x4.extend_high_i16x8_u');
row(0xfdab, 'none', 2, 1, 'i32x4.shl i32x4.shr_s i32x4.shr_u i32x4.add - - i32x4.sub');
row(0xfdb5, 'none', 2, 1, 'i32x4.mul i32x4.min_s i32x4.min_u i32x4.max_s i32x4.max_u i32x4.dot_i16x8_s');
row(0xfdbc, 'none', 2, 1, 'i32x4.extmul_low_i16x8_s i32x4.extmul_high_i16x8_s i32x4.extmul_low_i16x8_u i32x4.extmul_high_i16x8_u');
row(0xfdc0, 'none', 1, 1, 'i64x2.abs i64x2.neg - i64x2.all_true i64x2.bitmask');
row(0xfdc7, 'none', 1, 1, 'i64x2.extend_low_i32x4_s i64x2.extend_high_i32x4_s i64x2.extend_low_i32x4_u i64x2.extend_high_i32x4_u');
row(0xfdcb, 'none', 2, 1, 'i64x2.shl i64x2.shr_s i64x2.shr_u i64x2.add - - i64x2.sub');
row(0xfdd5, 'none', 2, 1, 'i64x2.mul i64x2.eq i64x2.ne i64x2.lt_s i64x2.gt_s i64x2.le_s i64x2.ge_s');
row(0xfddc, 'none', 2, 1, 'i64x2.extmul_low_i32x4_s i64x2.extmul_high_i32x4_s i64x2.extmul_low_i32x4_u i64x2.extmul_high_i32x4_u');
row(0xfde0, 'none', 1, 1, 'f32x4.abs f32x4.neg - f32x4.sqrt');
row(0xfde4, 'none', 2, 1, 'f32x4.add f32x4.sub f32x4.mul f32x4.div f32x4.min f32x4.max f32x4.pmin f32x4.pmax');
row(0xfdec, 'none', 1, 1, 'f64x2.abs f64x2.neg - f64x2.sqrt');
row(0xfdf0, 'none', 2, 1, 'f64x2.add f64x2.sub f64x2.mul f64x2.div f64x2.min f64x2.max f64x2.pmin f64x2.pmax');
row(0xfdf8, 'none', 1, 1, 'i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u f32x4.convert_i32x4_s f32x4.convert_i32x4_u');
row(0xfdfc, 'none', 1, 1, 'i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u');

/** Every accepted instruction by its code: core specification 2.0 with vectors, plus legacy exceptions and tail calls. */
export const OPCODES: ReadonlyMap<number, Opcode> = opcodes;

/** Codes by name, for writing instructions; `select` is the one without types. */
export const CODE: Readonly<Record<string, number>> = Object.fromEntries([...opcodes.values()].toReversed().map(({ name, code }) => [name, code]));
