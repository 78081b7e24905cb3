import { CODE } from '../binary/opcodes.ts';
import { InstructionWalker } from '../binary/instruction-walker.ts';
import type { NanShape } from '../binary/opcodes.ts';
import type { Body, WasmModule } from '../binary/wasm-module.ts';
import { OperandStack } from './operand-stack.ts';

/** What is written into a function body, or in place of an instruction of it. */
export type EditKind =
  | 'charge entry'
  | 'charge checked'
  | 'charge'
  | 'charge bytes'
  | 'charge elements'
  | 'pass depth'
  | 'release depth'
  | 'grow memory'
  | 'grow table'
  | 'canonical f32'
  | 'canonical f64'
  | 'canonical f32x4'
  | 'canonical f64x2';

export interface Edit {
  readonly kind: EditKind;
  /** the bytes from `start` to `end` are replaced; the same offset twice: nothing is */
  readonly start: number;
  readonly end: number;
  /** fuel of a charge, index of a table */
  amount: number;
}

export interface BodyPlan {
  /** by ascending offset; the first is the charge of the function's entry */
  readonly edits: readonly Edit[];
  /** most operands on the stack at once */
  readonly heightMax: number;
  /** whether it calls other functions, in tail position or not */
  readonly calls: boolean;
  /** whether it has instructions on vectors */
  readonly vectors: boolean;
}

/** Instructions that cost nothing: they mark structure, or end what was paid for. */
const FREE = new Set(['unreachable', 'nop', 'block', 'loop', 'try', 'else', 'catch', 'catch_all', 'delegate', 'end', 'return', 'drop']);
const free = new Set([...FREE].map((name) => CODE[name]));

/** Instructions behind which another straight-line segment begins; `end` is judged by what it ends. */
const SPLITS = new Set(
  ['if', 'else', 'catch', 'catch_all', 'delegate', 'br', 'br_if', 'br_table', 'return', 'throw', 'rethrow', 'unreachable', 'return_call', 'return_call_indirect'].map((name) => CODE[name]),
);

/** What further is done about an instruction. */
const SPECIAL = new Map<number | undefined, readonly [kind: EditKind, place: 'before' | 'instead']>([
  [CODE['call'], ['pass depth', 'before']],
  [CODE['call_indirect'], ['pass depth', 'before']],
  [CODE['return_call'], ['release depth', 'before']],
  [CODE['return_call_indirect'], ['release depth', 'before']],
  [CODE['memory.grow'], ['grow memory', 'instead']],
  [CODE['table.grow'], ['grow table', 'instead']],
  [CODE['memory.init'], ['charge bytes', 'before']],
  [CODE['memory.copy'], ['charge bytes', 'before']],
  [CODE['memory.fill'], ['charge bytes', 'before']],
  [CODE['table.init'], ['charge elements', 'before']],
  [CODE['table.copy'], ['charge elements', 'before']],
  [CODE['table.fill'], ['charge elements', 'before']],
]);

const CALLS = new Set(['call', 'call_indirect', 'return_call', 'return_call_indirect'].map((name) => CODE[name]));

/**
 * Decides what metering does to a function. Each straight-line segment is charged where it begins; that of the entry, but for small functions that call no other, and of each loop's head is checked, too.
 * Segments go on across calls, across the end of a loop and across that of a block to which nothing branches: whoever enters such a segment runs it to its end, traps or throws.
 */
export function planBody(module: WasmModule, body: Body, type: number): BodyPlan {
  const edits: Edit[] = [];
  const add = (kind: EditKind, start: number, end = start, amount = 0): Edit => {
    const edit: Edit = { kind, start, end, amount };
    edits.push(edit);
    return edit;
  };
  const stack = new OperandStack(module, type);
  const walker = new InstructionWalker(module.bytes, body.code.start, body.code.end);
  let segment = add('charge entry', body.code.start);
  let unsettled: NanShape | undefined;
  let calls = false;
  let vectors = false;
  while (walker.next()) {
    const { opcode, start, end } = walker;
    const { code } = opcode;
    if (unsettled !== undefined && unsettled !== opcode.numeric) add(`canonical ${unsettled}`, start);
    unsettled = opcode.nan;
    if (!free.has(code)) segment.amount += 1;
    calls ||= CALLS.has(code);
    vectors ||= code >= 0xfd00;
    const special = SPECIAL.get(code);
    if (special?.[1] === 'before') add(special[0], start);
    if (special?.[1] === 'instead') add(special[0], start, end, walker.index);
    const joins = stack.step(walker);
    if (code === CODE['loop']) segment = add('charge checked', end);
    else if (joins || SPLITS.has(code)) segment = add('charge', end);
  }
  return { edits, heightMax: stack.heightMax, calls, vectors };
}
