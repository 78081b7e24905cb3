import type { Body, FunctionType, WasmModule } from '../binary/wasm-module.ts';
import type { ValueType } from '../binary/value-type.ts';
import type { BodyPlan } from './body-plan.ts';

/** Return address, frame pointer, what V8 stores in each frame, and what metering itself adds. */
const FRAME_BASE_BYTES = 128;
const SLOT_BYTES = 8;
const VECTOR_SLOT_BYTES = 16;

/**
 * The most that a call of the function may take of V8's stack, by either compiler: parameters as passed and as kept, results, locals and the most operands at once, each in a slot of its own.
 * A slot is that of a vector as soon as the function could hold one among its operands.
 */
export function frameBytes(module: WasmModule, { params, results }: FunctionType, body: Body, plan: BodyPlan): number {
  const isVector = (type: ValueType): boolean => type === 'v128';
  const vectors = plan.vectors || moduleHasVectors(module) || body.locals.some(({ type }) => isVector(type));
  const locals = body.locals.reduce((sum, { count }) => sum + count, 0);
  return FRAME_BASE_BYTES + (2 * params.length + results.length + locals + plan.heightMax) * (vectors ? VECTOR_SLOT_BYTES : SLOT_BYTES);
}

const known = new WeakMap<WasmModule, boolean>();

/** Whether a vector could come from a call, a block's parameters or a global. */
function moduleHasVectors(module: WasmModule): boolean {
  const before = known.get(module);
  if (before !== undefined) return before;
  const has = module.types.some(({ params, results }) => [...params, ...results].includes('v128')) || module.globals.some(({ type }) => type === 'v128');
  known.set(module, has);
  return has;
}
