import type { NumberType } from '../binary/value-type.ts';
import type { WasmModule } from '../binary/wasm-module.ts';

export interface MutableGlobal {
  /** among the module's globals */
  readonly index: number;
  readonly type: NumberType;
}

/** The module's own globals that can change and hold a number. */
export function mutableGlobals(module: WasmModule): MutableGlobal[] {
  const found: MutableGlobal[] = [];
  for (const [index, { type, mutable, init }] of module.globals.entries()) {
    if (mutable && init !== undefined && (type === 'i32' || type === 'i64' || type === 'f32' || type === 'f64')) found.push({ index, type });
  }
  return found;
}

export function floatGlobals(module: WasmModule): MutableGlobal[] {
  return mutableGlobals(module).filter(({ type }) => type === 'f32' || type === 'f64');
}
