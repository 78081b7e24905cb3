import { refuse } from './refuse.ts';
import type { ByteReader } from './byte-reader.ts';

export type NumberType = 'i32' | 'i64' | 'f32' | 'f64';
export type ReferenceType = 'funcref' | 'externref';
export type ValueType = NumberType | 'v128' | ReferenceType;

const NAMES: Readonly<Record<number, ValueType>> = { 0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64', 0x7b: 'v128', 0x70: 'funcref', 0x6f: 'externref' };
const CODES = Object.fromEntries(Object.entries(NAMES).map(([code, name]) => [name, Number(code)])) as Readonly<Record<ValueType, number>>;

/** Types that V8 knows and nanos does not accept, and the feature they belong to. */
const REFUSED: Readonly<Record<number, string>> = {
  0x78: 'packed types (garbage collection)',
  0x77: 'packed types (garbage collection)',
  0x74: 'exception references (exnref)',
  0x69: 'exception references (exnref)',
  0x73: 'typed references (garbage collection)',
  0x72: 'typed references (garbage collection)',
  0x71: 'typed references (garbage collection)',
  0x6e: 'typed references (garbage collection)',
  0x6d: 'typed references (garbage collection)',
  0x6c: 'typed references (garbage collection)',
  0x6b: 'typed references (garbage collection)',
  0x6a: 'typed references (garbage collection)',
  0x68: 'stack switching',
  0x67: 'string references',
  0x66: 'string references',
  0x64: 'typed function references',
  0x63: 'typed function references',
};

export function valueTypeCode(type: ValueType): number {
  return CODES[type];
}

/** The type that a byte stands for; `at` is where it stood. */
export function valueTypeOf(code: number, reader: ByteReader, at: number): ValueType {
  const type = NAMES[code];
  if (type !== undefined) return type;
  const feature = REFUSED[code];
  return feature === undefined ? reader.fail(`0x${code.toString(16)} is not a type`, at) : refuse(feature, at);
}

export function readValueType(reader: ByteReader): ValueType {
  const at = reader.at;
  return valueTypeOf(reader.u8(), reader, at);
}

export function readReferenceType(reader: ByteReader): ReferenceType {
  const at = reader.at;
  const type = readValueType(reader);
  return type === 'funcref' || type === 'externref' ? type : reader.fail(`${type} is not a reference type`, at);
}
