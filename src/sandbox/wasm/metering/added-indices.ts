import type { ReferenceType } from '../binary/value-type.ts';
import type { WasmModule } from '../binary/wasm-module.ts';

/** Where metering puts what it adds: behind the module's own in each index space, so that no index of the module's changes. */
export interface AddedIndices {
  /** globals */
  readonly fuel: number;
  readonly depth: number;
  readonly pagesMax: number;
  readonly growRefused: number;
  /** types */
  readonly lengthType: number;
  readonly growTableType: Readonly<Record<ReferenceType, number>>;
  readonly readBitsType: number;
  readonly writeBitsType: number;
  /** functions */
  readonly chargeBytes: number;
  readonly chargeElements: number;
  /** of memory 0, if there is one; those of the tables follow */
  readonly growMemory: number;
  readonly growTable: number;
  /** of the first float global that can change the one that reads, then the one that writes, then those of the next */
  readonly globalBits: number;
}

export function addedIndices({ types, functions, globals, memories, tables }: WasmModule): AddedIndices {
  const helper = functions.length;
  return {
    fuel: globals.length,
    depth: globals.length + 1,
    pagesMax: globals.length + 2,
    growRefused: globals.length + 3,
    lengthType: types.length,
    growTableType: { funcref: types.length + 1, externref: types.length + 2 },
    readBitsType: types.length + 3,
    writeBitsType: types.length + 4,
    chargeBytes: helper,
    chargeElements: helper + 1,
    growMemory: helper + 2,
    growTable: helper + 2 + memories.length,
    globalBits: helper + 2 + memories.length + tables.length,
  };
}
