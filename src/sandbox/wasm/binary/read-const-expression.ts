import type { ByteReader } from './byte-reader.ts';
import { CODE } from './opcodes.ts';
import { InstructionWalker } from './instruction-walker.ts';
import { refuse } from './refuse.ts';
import type { Span } from './wasm-module.ts';

const VALUES = new Set(['i32.const', 'i64.const', 'f32.const', 'f64.const', 'v128.const', 'ref.null', 'ref.func', 'global.get']);

/** Passes over a constant expression (core specification 3.3.10): one constant, then `end`. */
export function readConstExpression(reader: ByteReader): Span {
  const start = reader.at;
  const walker = new InstructionWalker(reader.bytes, start, reader.end);
  walker.next();
  if (!VALUES.has(walker.opcode.name)) refuse(`the instruction ${walker.opcode.name} in a constant expression`, start);
  if (!walker.next()) reader.fail('unexpected end', walker.end);
  if (walker.opcode.code !== CODE['end']) refuse('extended constant expressions', start);
  reader.at = walker.end;
  return { start, end: walker.end };
}
