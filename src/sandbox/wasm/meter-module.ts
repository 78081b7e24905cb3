import { NanosError } from '../../protocol/errors.ts';
import { ByteReader } from './binary/byte-reader.ts';
import { ByteWriter } from './binary/byte-writer.ts';
import { copySection, SECTION, standsBefore, writeModule, type Section, type WrittenSection } from './binary/sections.ts';
import { valueTypeCode, type NumberType, type ValueType } from './binary/value-type.ts';
import type { WasmModule } from './binary/wasm-module.ts';
import { addedIndices, type AddedIndices } from './metering/added-indices.ts';
import { CodeWriter } from './metering/code-writer.ts';
import { helperFunctions, type HelperFunction } from './metering/helper-functions.ts';
import { bitsExports, globalExport, METERING_EXPORTS } from './metering/metering-names.ts';
import { floatGlobals, mutableGlobals } from './metering/mutable-globals.ts';
import { BodyRewriter } from './metering/rewrite-body.ts';
import type { ValidatedModule } from './validate-module.ts';
import { METERED_CODE_BYTES_MAX } from './wasm-limits.ts';

/** Grows whenever the metered form or the fuel of any module changes: cached modules and recordings name it. */
export const METER_VERSION = 1;

const EXPORT_KIND = { function: 0, memory: 2, global: 3 } as const;

type Append = (writer: ByteWriter) => number;

/**
 * Rewrites a module so that it counts its instructions and the depth of its calls, stops where the budgets end, grows no further than it may, and computes the same NaN bits everywhere.
 * Deterministic. All indices of the module's own keep their meaning; what is added stands behind. docs/agent-sandbox.md says what is charged.
 */
export function meterModule(module: ValidatedModule): Uint8Array<ArrayBuffer> {
  return writeModule(meteredSections(module));
}

function meteredSections(module: WasmModule): WrittenSection[] {
  const indices = addedIndices(module);
  const helpers = helperFunctions(module, indices);
  const additions = new Map<number, Append>([
    [SECTION.type, (writer) => addTypes(writer)],
    [SECTION.function, (writer) => addFunctions(writer, helpers)],
    [SECTION.global, (writer) => addGlobals(writer)],
    [SECTION.export, (writer) => addExports(writer, module, indices)],
    [SECTION.code, (writer) => addBodies(writer, helpers)],
  ]);
  const code = (writer: ByteWriter): void => rewriteBodies(writer, module, indices);
  const written: WrittenSection[] = [];
  const kept = module.sections.filter(({ id, name }) => id !== SECTION.start && !isAboutOffsets(name));
  for (const section of kept) {
    for (const id of additions.keys()) {
      if (section.id === SECTION.custom || !standsBefore(id, section.id)) continue;
      written.push(extended(id, 0, () => undefined, additions));
    }
    if (!additions.has(section.id)) written.push(copySection(module.bytes, section));
    else written.push(extended(section.id, ...contentOf(module.bytes, section, code), additions));
  }
  for (const id of additions.keys()) written.push(extended(id, 0, () => undefined, additions));
  return written;
}

/** Custom sections with offsets into code, which the engine might read and which no longer hold. */
function isAboutOffsets(name: string | undefined): boolean {
  return name?.startsWith('metadata.code.') === true || name === 'compilationHints';
}

/** Number of entries of a section, and what writes them. */
function contentOf(bytes: Uint8Array, section: Section, code: (writer: ByteWriter) => void): [number, (writer: ByteWriter) => void] {
  const reader = new ByteReader(bytes, section.start, section.end);
  const count = reader.u32();
  return [count, section.id === SECTION.code ? code : (writer) => writer.range(bytes, reader.at, section.end)];
}

/** A section with its own entries and, behind them, those that metering adds. */
function extended(id: number, count: number, write: (writer: ByteWriter) => void, additions: Map<number, Append>): WrittenSection {
  const entries = new ByteWriter(1 << 12);
  write(entries);
  const added = additions.get(id)?.(entries) ?? 0;
  additions.delete(id);
  return { id, body: new ByteWriter(entries.length + 8).u32(count + added).raw(entries.written).toBytes() };
}

/** In the order of `AddedIndices`. */
function addTypes(writer: ByteWriter): number {
  const types: readonly (readonly [params: readonly ValueType[], results: readonly ValueType[]])[] = [
    [['i32'], ['i32']],
    [['funcref', 'i32'], ['i32']],
    [['externref', 'i32'], ['i32']],
    [[], ['i64']],
    [['i64'], []],
  ];
  for (const [params, results] of types) writer.u8(0x60).block(Uint8Array.from(params, valueTypeCode)).block(Uint8Array.from(results, valueTypeCode));
  return types.length;
}

function addFunctions(writer: ByteWriter, helpers: readonly HelperFunction[]): number {
  for (const { type } of helpers) writer.u32(type);
  return helpers.length;
}

/** Fuel, depth, most pages, whether growing was refused: all 0 until the host sets them, so that nothing runs before. */
function addGlobals(writer: ByteWriter): number {
  const types: readonly NumberType[] = ['i64', 'i32', 'i32', 'i32'];
  for (const type of types) writer.u8(valueTypeCode(type)).u8(1).raw(new CodeWriter().op(`${type}.const`, 0).op('end').written);
  return types.length;
}

function addExports(writer: ByteWriter, module: WasmModule, indices: AddedIndices): number {
  const added: (readonly [name: string, kind: number, index: number])[] = [
    [METERING_EXPORTS.fuel, EXPORT_KIND.global, indices.fuel],
    [METERING_EXPORTS.depth, EXPORT_KIND.global, indices.depth],
    [METERING_EXPORTS.pagesMax, EXPORT_KIND.global, indices.pagesMax],
    [METERING_EXPORTS.growRefused, EXPORT_KIND.global, indices.growRefused],
  ];
  if (module.start !== undefined) added.push([METERING_EXPORTS.start, EXPORT_KIND.function, module.start]);
  if (module.memories.length > 0) added.push([METERING_EXPORTS.memory, EXPORT_KIND.memory, 0]);
  for (const [place, { index }] of floatGlobals(module).entries()) {
    added.push([bitsExports(index).read, EXPORT_KIND.function, indices.globalBits + 2 * place], [bitsExports(index).write, EXPORT_KIND.function, indices.globalBits + 2 * place + 1]);
  }
  for (const { index } of mutableGlobals(module)) added.push([globalExport(index), EXPORT_KIND.global, index]);
  for (const [name, kind, index] of added) writer.name(name).u8(kind).u32(index);
  return added.length;
}

function addBodies(writer: ByteWriter, helpers: readonly HelperFunction[]): number {
  for (const { body } of helpers) writer.block(body);
  return helpers.length;
}

function rewriteBodies(writer: ByteWriter, module: WasmModule, indices: AddedIndices): void {
  const rewriter = new BodyRewriter(module, indices);
  for (const [index, body] of module.bodies.entries()) {
    rewriter.write(body, module.imported.function + index, writer);
    if (writer.length > METERED_CODE_BYTES_MAX) throw new NanosError('module_refused', `The module is too large when metered: more than ${METERED_CODE_BYTES_MAX} bytes of code`);
  }
}
