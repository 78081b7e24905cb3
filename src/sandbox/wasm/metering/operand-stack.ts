import { ByteReader } from '../binary/byte-reader.ts';
import { BLOCK_EMPTY, type InstructionWalker } from '../binary/instruction-walker.ts';
import type { FunctionType, WasmModule } from '../binary/wasm-module.ts';

interface Label {
  /** instruction that opened it */
  readonly opener: string;
  /** height below its parameters */
  readonly base: number;
  readonly params: number;
  readonly results: number;
  /** whether a branch leads to its end */
  targeted: boolean;
}

type Step = (stack: OperandStack, walker: InstructionWalker) => void;

/** Follows the height of the operand stack through the instructions of a valid function (core specification, appendix 7.3), without their types. */
export class OperandStack {
  readonly #module: WasmModule;
  readonly #labels: Label[];
  #height = 0;
  heightMax = 0;

  constructor(module: WasmModule, type: number) {
    this.#module = module;
    this.#labels = [{ opener: 'function', base: 0, params: 0, results: this.#type(type).results.length, targeted: false }];
  }

  /** Goes over one instruction. True when it ends a block and several ways lead to what stands behind. */
  step(walker: InstructionWalker): boolean {
    const { pops, pushes, name } = walker.opcode;
    if (pops !== undefined && pushes !== undefined) {
      this.#change(pops, pushes);
      if (name === 'unreachable') this.leave();
      return false;
    }
    if (name === 'end') return this.close();
    STEPS[name]?.(this, walker);
    return false;
  }

  /** Opens a block; its type stands in the instruction. */
  open(walker: InstructionWalker): void {
    const { params, results } = this.#blockType(walker.index);
    const base = Math.max(this.#base, this.#height - params);
    this.#labels.push({ opener: walker.opcode.name, base, params, results, targeted: false });
    this.#to(base + params);
  }

  /** Begins another part of the block at hand with `count` operands. */
  part(count: 'parameters' | number): void {
    const label = this.#top;
    label.targeted = true;
    this.#to(label.base + (count === 'parameters' ? label.params : count));
  }

  call(type: number, besides: number): void {
    const { params, results } = this.#type(type);
    this.#change(params.length + besides, results.length);
  }

  pop(count: number): void {
    this.#change(count, 0);
  }

  /** Control goes elsewhere: what follows is not reached from here. */
  leave(): void {
    this.#height = this.#base;
  }

  target(depth: number): void {
    const label = this.#labels[this.#labels.length - 1 - depth];
    if (label !== undefined) label.targeted = true;
  }

  functionType(index: number): number {
    return this.#module.functions[index] ?? -1;
  }

  tagParams(index: number): number {
    return this.#type(this.#module.tags[index] ?? -1).params.length;
  }

  get #top(): Label {
    const label = this.#labels.at(-1);
    if (label === undefined) throw new Error('A function goes on behind its end');
    return label;
  }

  get #base(): number {
    return this.#top.base;
  }

  /** Closes the block at hand; true as for `step`. */
  close(): boolean {
    const { opener, base, results, targeted } = this.#top;
    this.#labels.pop();
    if (this.#labels.length === 0) return false;
    this.#to(base + results);
    return opener === 'if' || opener === 'try' || (opener === 'block' && targeted);
  }

  #change(pops: number, pushes: number): void {
    this.#to(Math.max(this.#base, this.#height - pops) + pushes);
  }

  #to(height: number): void {
    this.#height = height;
    if (height > this.heightMax) this.heightMax = height;
  }

  #type(index: number): FunctionType {
    const type = this.#module.types[index];
    if (type === undefined) throw new Error(`There is no type ${index}: the module was not validated`);
    return type;
  }

  #blockType(index: number): { params: number; results: number } {
    if (index < 0) return { params: 0, results: index === BLOCK_EMPTY ? 0 : 1 };
    const { params, results } = this.#type(index);
    return { params: params.length, results: results.length };
  }
}

const STEPS: Readonly<Record<string, Step>> = {
  block: (stack, walker) => stack.open(walker),
  loop: (stack, walker) => stack.open(walker),
  try: (stack, walker) => stack.open(walker),
  if(stack, walker) {
    stack.pop(1);
    stack.open(walker);
  },
  else: (stack) => stack.part('parameters'),
  catch: (stack, walker) => stack.part(stack.tagParams(walker.index)),
  catch_all: (stack) => stack.part(0),
  delegate: (stack) => void stack.close(),
  throw(stack, walker) {
    stack.pop(stack.tagParams(walker.index));
    stack.leave();
  },
  rethrow: (stack) => stack.leave(),
  br(stack, walker) {
    stack.target(walker.index);
    stack.leave();
  },
  br_if(stack, walker) {
    stack.pop(1);
    stack.target(walker.index);
  },
  br_table(stack, walker) {
    stack.pop(1);
    const labels = new ByteReader(walker.bytes, walker.start + 1, walker.end);
    for (let left = labels.u32(); left >= 0; left -= 1) stack.target(labels.u32());
    stack.leave();
  },
  return: (stack) => stack.leave(),
  call: (stack, walker) => stack.call(stack.functionType(walker.index), 0),
  call_indirect: (stack, walker) => stack.call(walker.index, 1),
  return_call(stack, walker) {
    stack.call(stack.functionType(walker.index), 0);
    stack.leave();
  },
  return_call_indirect(stack, walker) {
    stack.call(walker.index, 1);
    stack.leave();
  },
};
