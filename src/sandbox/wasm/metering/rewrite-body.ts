import { NanosError } from '../../../protocol/errors.ts';
import type { ByteWriter } from '../binary/byte-writer.ts';
import type { NanShape } from '../binary/opcodes.ts';
import { valueTypeCode, type ValueType } from '../binary/value-type.ts';
import type { Body, WasmModule } from '../binary/wasm-module.ts';
import { METERED_FUNCTION_BYTES_MAX } from '../wasm-limits.ts';
import type { AddedIndices } from './added-indices.ts';
import { planBody, type BodyPlan, type Edit, type EditKind } from './body-plan.ts';
import { CodeWriter } from './code-writer.ts';
import { frameBytes } from './frame-bytes.ts';

/** A function that calls no other needs no check of its own below this: the host's stack has room for one more such frame wherever the budget ends. */
const LEAF_FRAME_BYTES_MAX = 4096;

/** A function that calls no other is not checked for fuel at its entry when that costs no more than this: the next loop or call of its caller is. */
const LEAF_FUEL_MAX = 100;

/** What is known while a function is written. */
interface Frame {
  readonly indices: AddedIndices;
  /** by the estimate */
  readonly bytes: number;
  readonly leaf: boolean;
  readonly locals: ScratchLocals;
}

/** Locals that metering adds to a function, behind its own, as they are asked for. */
class ScratchLocals {
  readonly #first: number;
  readonly types: ValueType[] = [];
  readonly #indices = new Map<string, number>();

  constructor(first: number) {
    this.#first = first;
  }

  index(purpose: string, type: ValueType): number {
    const known = this.#indices.get(purpose);
    if (known !== undefined) return known;
    const index = this.#first + this.types.length;
    this.#indices.set(purpose, index);
    this.types.push(type);
    return index;
  }
}

/** Rewrites functions one after the other, with buffers of its own. */
export class BodyRewriter {
  readonly #module: WasmModule;
  readonly #indices: AddedIndices;
  readonly #code = new CodeWriter(1 << 16);
  readonly #head = new CodeWriter();

  constructor(module: WasmModule, indices: AddedIndices) {
    this.#module = module;
    this.#indices = indices;
  }

  /** Appends the metered function with its size to `output`. */
  write(body: Body, functionIndex: number, output: ByteWriter): void {
    const typeIndex = this.#module.functions[functionIndex] ?? -1;
    const type = this.#module.types[typeIndex];
    if (type === undefined) throw new Error(`Function ${functionIndex} has no type: the module was not validated`);
    const plan = planBody(this.#module, body, typeIndex);
    const locals = new ScratchLocals(type.params.length + body.locals.reduce((sum, { count }) => sum + count, 0));
    const bytes = frameBytes(this.#module, type, body, plan);
    this.#writeCode(body, plan, { indices: this.#indices, bytes, leaf: !plan.calls, locals });
    this.#writeHead(body, locals.types);
    const size = this.#head.length + this.#code.length;
    if (size > METERED_FUNCTION_BYTES_MAX) throw new NanosError('module_refused', `Function ${functionIndex} is too large when metered: ${size} bytes, at most ${METERED_FUNCTION_BYTES_MAX}`);
    output.u32(size).raw(this.#head.written).raw(this.#code.written);
  }

  #writeCode(body: Body, plan: BodyPlan, frame: Frame): void {
    const { bytes } = this.#module;
    const code = this.#code.clear();
    enterFrame(code, frame);
    let at = body.code.start;
    for (const edit of plan.edits) {
      code.range(bytes, at, edit.start);
      at = edit.end;
      WRITERS[edit.kind](code, edit, frame);
    }
    code.range(bytes, at, body.code.end);
  }

  #writeHead(body: Body, added: readonly ValueType[]): void {
    const head = this.#head.clear().u32(body.locals.length + added.length);
    for (const { count, type } of body.locals) head.u32(count).u8(valueTypeCode(type));
    for (const type of added) head.u32(1).u8(valueTypeCode(type));
  }
}

/** Keeps in a local what is left of the depth without this frame, and traps below 0; the host sees why in the global. */
function enterFrame(code: CodeWriter, { indices, bytes, leaf, locals }: Frame): void {
  if (leaf && bytes <= LEAF_FRAME_BYTES_MAX) return;
  const depth = locals.index('depth', 'i32');
  code.op('global.get', indices.depth).i32(bytes).op('i32.sub').op('local.tee', depth).i32(0).op('i32.lt_s');
  code.when((then) => then.op('local.get', depth).op('global.set', indices.depth).op('unreachable'));
}

type WriteEdit = (code: CodeWriter, edit: Edit, frame: Frame) => void;

const canonical =
  (shape: NanShape, type: ValueType): WriteEdit =>
  (code, _edit, { locals }) =>
    code.canonicalNan(shape, locals.index(type, type));

const WRITERS: Readonly<Record<EditKind, WriteEdit>> = {
  'charge entry'(code, edit, frame) {
    WRITERS[frame.leaf && edit.amount <= LEAF_FUEL_MAX ? 'charge' : 'charge checked'](code, edit, frame);
  },
  'charge checked'(code, { amount }, { indices, locals }) {
    // A round of a loop or of tail calls may pay in later segments alone: without this check it would never end.
    if (amount === 0) return void code.op('global.get', indices.fuel).trapWhenNegative('i64');
    const fuel = locals.index('fuel', 'i64');
    code.op('global.get', indices.fuel).i64(amount).op('i64.sub').op('local.tee', fuel).op('global.set', indices.fuel);
    code.op('local.get', fuel).trapWhenNegative('i64');
  },
  charge(code, { amount }, { indices }) {
    if (amount > 0) code.op('global.get', indices.fuel).i64(amount).op('i64.sub').op('global.set', indices.fuel);
  },
  'charge bytes': (code, _edit, { indices }) => code.op('call', indices.chargeBytes),
  'charge elements': (code, _edit, { indices }) => code.op('call', indices.chargeElements),
  // Each call is told what is left, so that nothing need be put back when one returns or throws.
  'pass depth'(code, _edit, { indices, locals }) {
    code.op('local.get', locals.index('depth', 'i32')).op('global.set', indices.depth);
  },
  'release depth'(code, _edit, { indices, bytes, locals }) {
    code.op('local.get', locals.index('depth', 'i32')).i32(bytes).op('i32.add').op('global.set', indices.depth);
  },
  'grow memory': (code, _edit, { indices }) => code.op('call', indices.growMemory),
  'grow table': (code, { amount }, { indices }) => code.op('call', indices.growTable + amount),
  'canonical f32': canonical('f32', 'f32'),
  'canonical f64': canonical('f64', 'f64'),
  'canonical f32x4': canonical('f32x4', 'v128'),
  'canonical f64x2': canonical('f64x2', 'v128'),
};
