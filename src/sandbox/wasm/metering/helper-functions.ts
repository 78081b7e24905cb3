import { valueTypeCode, type NumberType } from '../binary/value-type.ts';
import type { TableType, WasmModule } from '../binary/wasm-module.ts';
import { PAGE_BYTES, WASM_LIMITS } from '../wasm-limits.ts';
import type { AddedIndices } from './added-indices.ts';
import { CodeWriter } from './code-writer.ts';
import { floatGlobals, type MutableGlobal } from './mutable-globals.ts';
import { GROW_REFUSED } from './metering-names.ts';

/** Bytes that a unit of fuel fills, copies or adds. */
const FUEL_BYTES_SHIFT = 3;
const FUEL_PER_PAGE = PAGE_BYTES >> FUEL_BYTES_SHIFT;

export interface HelperFunction {
  readonly type: number;
  readonly body: Uint8Array;
}

/** The functions that metering adds, in the order of `AddedIndices`. */
export function helperFunctions(module: WasmModule, indices: AddedIndices): HelperFunction[] {
  const { lengthType, growTableType, readBitsType, writeBitsType } = indices;
  return [
    { type: lengthType, body: chargeLength(indices, FUEL_BYTES_SHIFT) },
    { type: lengthType, body: chargeLength(indices, 0) },
    ...module.memories.map(({ max }) => ({ type: lengthType, body: growMemory(module, indices, max) })),
    ...module.tables.map((table, index) => ({ type: growTableType[table.type], body: growTable(indices, index, table) })),
    ...floatGlobals(module).flatMap((global) => [
      { type: readBitsType, body: readBits(global) },
      { type: writeBitsType, body: writeBits(global) },
    ]),
  ];
}

/** (length) → length, charged one unit of fuel for each 2 ** shift of it. */
function chargeLength(indices: AddedIndices, shift: number): Uint8Array {
  const code = body();
  chargeTimes(code, indices, () => code.op('local.get', 0).op('i64.extend_i32_u').i64(shift).op('i64.shr_u'));
  return code.op('local.get', 0).op('end').toBytes();
}

/**
 * memory.grow: (pages) → old size or -1. What the module or the cap forbids gives -1 as the specification lets it;
 * when the engine itself has no memory the guest traps, since elsewhere it would go on.
 */
function growMemory(module: WasmModule, indices: AddedIndices, declaredMax: number | undefined): Uint8Array {
  const code = body('i32');
  const wanted = (): CodeWriter => code.op('memory.size', 0).op('i64.extend_i32_u').op('local.get', 0).op('i64.extend_i32_u').op('i64.add');
  const refuse = (why: number) => (): void => void code.i32(why).op('global.set', indices.growRefused);
  wanted().i64(declaredMax ?? WASM_LIMITS.memoryPagesMax).op('i64.gt_u').when(() => code.i32(-1).op('return'));
  wanted().op('global.get', indices.pagesMax).op('i64.extend_i32_u').op('i64.gt_u').when(() => {
    refuse(GROW_REFUSED.cap)();
    code.i32(-1).op('return');
  });
  chargeTimes(code, indices, () => code.op('local.get', 0).op('i64.extend_i32_u').i64(FUEL_PER_PAGE).op('i64.mul'));
  code.op('local.get', 0).op('memory.grow', 0).op('local.tee', 1);
  // An imported memory may have a lower maximum than the import says.
  if (module.imported.memory === 0) {
    code.i32(-1).op('i32.eq').when(() => {
      refuse(GROW_REFUSED.engine)();
      code.op('unreachable');
    });
    code.op('local.get', 1);
  }
  return code.op('end').toBytes();
}

/** table.grow: (value, elements) → old size or -1. */
function growTable(indices: AddedIndices, table: number, { max }: TableType): Uint8Array {
  const code = body();
  const elementsMax = Math.min(max ?? WASM_LIMITS.tableElementsMax, WASM_LIMITS.tableElementsMax);
  code.op('table.size', table).op('i64.extend_i32_u').op('local.get', 1).op('i64.extend_i32_u').op('i64.add');
  code.i64(elementsMax).op('i64.gt_u').when(() => code.i32(-1).op('return'));
  chargeTimes(code, indices, () => code.op('local.get', 1).op('i64.extend_i32_u'));
  return code.op('local.get', 0).op('local.get', 1).op('table.grow', table).op('end').toBytes();
}

/** () → the bits of a float global. */
function readBits({ index, type }: MutableGlobal): Uint8Array {
  const code = body().op('global.get', index);
  return (type === 'f32' ? code.op('i32.reinterpret_f32').op('i64.extend_i32_u') : code.op('i64.reinterpret_f64')).op('end').toBytes();
}

/** (bits) → (): the other way. */
function writeBits({ index, type }: MutableGlobal): Uint8Array {
  const code = body().op('local.get', 0);
  const value = type === 'f32' ? code.op('i32.wrap_i64').op('f32.reinterpret_i32') : code.op('f64.reinterpret_i64');
  return value.op('global.set', index).op('end').toBytes();
}

/** Takes the amount that `amount` puts on the stack from the fuel; traps when it does not suffice. */
function chargeTimes(code: CodeWriter, { fuel }: AddedIndices, amount: () => void): void {
  code.op('global.get', fuel);
  amount();
  code.op('i64.sub').op('global.set', fuel).op('global.get', fuel).trapWhenNegative('i64');
}

function body(...locals: readonly NumberType[]): CodeWriter {
  const code = new CodeWriter();
  code.u32(locals.length);
  for (const type of locals) code.u32(1).u8(valueTypeCode(type));
  return code;
}
