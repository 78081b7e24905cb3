import { ByteReader } from './byte-reader.ts';
import { OPCODES, type Immediate, type Opcode } from './opcodes.ts';
import { refuse } from './refuse.ts';
import { refusedOpcode } from './refused-opcodes.ts';
import { readReferenceType, readValueType, valueTypeOf } from './value-type.ts';

/** Block types: no result, or below it a value type; from 0 on the index of a function type. */
export const BLOCK_EMPTY = -0x40;

const table: (Opcode | undefined)[] = Array.from({ length: 256 }, (_, code) => OPCODES.get(code));
const unknown: Opcode = { code: -1, name: 'none', immediate: 'none', pops: 0, pushes: 0, nan: undefined, numeric: undefined };

/**
 * Steps over the instructions of a function body or a constant expression, one accepted instruction after the other.
 * Malformed bytes throw module_invalid, known instructions that are not accepted module_refused. Types are not checked: that is the engine's part.
 */
export class InstructionWalker {
  readonly #reader: ByteReader;
  /** the instruction at hand */
  opcode: Opcode = unknown;
  /** offsets of its first byte, and of the one behind its last */
  start: number;
  end: number;
  /** its block type, label depth, first index or lane; for br_table the number of labels */
  index = 0;
  /** its second index */
  index2 = 0;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#reader = new ByteReader(bytes, start, end);
    this.start = start;
    this.end = start;
  }

  get bytes(): Uint8Array {
    return this.#reader.bytes;
  }

  /** Goes to the next instruction; false behind the last. */
  next(): boolean {
    const reader = this.#reader;
    if (reader.at >= reader.end) return false;
    this.start = reader.at;
    const code = reader.u8();
    const opcode = table[code];
    this.opcode = opcode ?? this.#prefixed(code);
    if (this.opcode.immediate !== 'none') READERS[this.opcode.immediate](reader, this);
    this.end = reader.at;
    return true;
  }

  /** For an instruction that is well-formed and stands where it may not. */
  fail(message: string): never {
    return this.#reader.fail(message, this.start);
  }

  #prefixed(prefix: number): Opcode {
    const code = prefix >= 0xfb && prefix <= 0xfe ? this.#code(prefix) : prefix;
    const opcode = OPCODES.get(code);
    if (opcode !== undefined) return opcode;
    const feature = refusedOpcode(code);
    return feature === undefined ? this.fail(`0x${code.toString(16)} is not an instruction`) : refuse(feature, this.start);
  }

  /** Numbers from 256 on take a further digit, so that each code stands for one instruction. */
  #code(prefix: number): number {
    const number = this.#reader.u32();
    return number < 0x100 ? prefix * 0x100 + number : prefix * 0x1000 + number;
  }
}

type ReadImmediate = (reader: ByteReader, walker: InstructionWalker) => void;

const READERS: Readonly<Record<Immediate, ReadImmediate>> = {
  none: () => undefined,
  block(reader, walker) {
    const at = reader.at;
    walker.index = reader.s33();
    if (walker.index < 0 && walker.index !== BLOCK_EMPTY) valueTypeOf(walker.index + 0x80, reader, at);
  },
  index(reader, walker) {
    walker.index = reader.u32();
  },
  'index index'(reader, walker) {
    walker.index = reader.u32();
    walker.index2 = reader.u32();
  },
  labels(reader, walker) {
    walker.index = reader.count();
    for (let label = 0; label <= walker.index; label += 1) reader.u32();
  },
  'memory argument': readMemoryArgument,
  memory: readMemoryIndex,
  'index memory'(reader, walker) {
    walker.index = reader.u32();
    readMemoryIndex(reader);
  },
  'memory memory'(reader) {
    readMemoryIndex(reader);
    readMemoryIndex(reader);
  },
  i32: (reader) => void reader.s32(),
  i64: (reader) => void reader.s64(),
  f32: (reader) => reader.skip(4),
  f64: (reader) => reader.skip(8),
  'reference type': (reader) => void readReferenceType(reader),
  'value types'(reader) {
    reader.list(() => readValueType(reader));
  },
  v128: (reader) => reader.skip(16),
  lane(reader, walker) {
    walker.index = reader.u8();
  },
  'memory argument, lane'(reader, walker) {
    readMemoryArgument(reader);
    walker.index = reader.u8();
  },
};

/** Bit 6 of the alignment announces the index of one of several memories, and an offset past 32 bits is of a 64-bit memory. */
function readMemoryArgument(reader: ByteReader): void {
  const at = reader.at;
  const alignment = reader.u32();
  if (alignment >= 0x40 && alignment < 0x80) refuse('several memories', at);
  if (alignment > 4) reader.fail(`2 ** ${alignment} is not an alignment`, at);
  reader.u32();
}

function readMemoryIndex(reader: ByteReader): void {
  const at = reader.at;
  if (reader.u32() !== 0) refuse('several memories', at);
}
