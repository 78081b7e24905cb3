import { ByteReader } from './byte-reader.ts';
import { readConstExpression } from './read-const-expression.ts';
import { refuse } from './refuse.ts';
import { readSections, SECTION, type Section } from './sections.ts';
import { READ_LIMITS, WASM_LIMITS } from '../wasm-limits.ts';
import { tooMuch } from './too-much.ts';
import { readReferenceType, readValueType, type ValueType } from './value-type.ts';
import type { Body, DataSegment, ElementSegment, Export, ExternalKind, FunctionType, Global, GlobalType, Import, Limits, Span, TableType, WasmModule } from './wasm-module.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };
/** A module while it is read. */
interface Draft extends Omit<Mutable<WasmModule>, 'imported'> {
  readonly imported: Record<ExternalKind, number>;
  localGroups: number;
}

const KINDS: readonly ExternalKind[] = ['function', 'table', 'memory', 'global', 'tag'];

/**
 * Reads what a module declares (core specification 5.5). Function bodies are delimited, not read: see InstructionWalker.
 * Throws module_invalid for malformed bytes and module_refused for a feature that is not accepted; both with the offset.
 */
export function readModule(bytes: Uint8Array): WasmModule {
  const draft: Draft = {
    bytes,
    sections: readSections(bytes),
    types: [],
    imports: [],
    imported: { function: 0, table: 0, memory: 0, global: 0, tag: 0 },
    localGroups: 0,
    functions: [],
    tables: [],
    memories: [],
    tags: [],
    globals: [],
    exports: [],
    start: undefined,
    elements: [],
    dataCount: undefined,
    bodies: [],
    data: [],
  };
  for (const section of draft.sections) readContent(section, draft);
  const { localGroups: _counted, ...module } = draft;
  const defined = module.functions.length - module.imported.function;
  if (defined !== module.bodies.length) new ByteReader(bytes).fail(`${defined} functions are declared and ${module.bodies.length} have a body`, bytes.length);
  return module;
}

function readContent(section: Section, module: Draft): void {
  const read = CONTENT[section.id];
  if (read === undefined) return;
  const reader = new ByteReader(module.bytes, section.start, section.end);
  read(reader, module);
  reader.finish(`section of kind ${section.id}`);
}

const CONTENT: Readonly<Record<number, (reader: ByteReader, module: Draft) => void>> = {
  [SECTION.type]: (reader, module) => append(module.types, reader, () => readFunctionType(reader)),
  [SECTION.import]: (reader, module) => append(module.imports, reader, () => readImport(reader, module)),
  [SECTION.function]: (reader, module) => append(module.functions, reader, () => reader.u32()),
  [SECTION.table]: (reader, module) => append(module.tables, reader, () => readTable(reader)),
  [SECTION.memory]: (reader, module) => append(module.memories, reader, () => readMemory(reader)),
  [SECTION.tag]: (reader, module) => append(module.tags, reader, () => readTag(reader)),
  [SECTION.global]: (reader, module) => append(module.globals, reader, () => readGlobal(reader)),
  [SECTION.export]: (reader, module) => append(module.exports, reader, () => readExport(reader)),
  [SECTION.start](reader, module) {
    module.start = reader.u32();
  },
  [SECTION.element]: (reader, module) => append(module.elements, reader, () => readElements(reader)),
  [SECTION.dataCount](reader, module) {
    module.dataCount = reader.u32();
  },
  [SECTION.code]: (reader, module) => append(module.bodies, reader, () => readBody(reader, module)),
  [SECTION.data]: (reader, module) => append(module.data, reader, () => readData(reader)),
};

function append<T>(list: T[], reader: ByteReader, element: () => T): void {
  const count = reader.count();
  if (count > READ_LIMITS.sectionEntriesMax) tooMuch('entries in a section', count, READ_LIMITS.sectionEntriesMax);
  for (let left = count; left > 0; left -= 1) list.push(element());
}

function readFunctionType(reader: ByteReader): FunctionType {
  const at = reader.at;
  const form = reader.u8();
  if (form === 0x4e || form === 0x4f || form === 0x50 || form === 0x5e || form === 0x5f) refuse('garbage-collected types', at);
  if (form === 0x5d) refuse('stack switching', at);
  if (form !== 0x60) reader.fail(`0x${form.toString(16)} is not a form of type`, at);
  return { params: readValueTypes(reader), results: readValueTypes(reader) };
}

function readValueTypes(reader: ByteReader): ValueType[] {
  const count = reader.count();
  if (count > WASM_LIMITS.valuesMax) tooMuch('parameters or results in a type', count, WASM_LIMITS.valuesMax);
  return Array.from({ length: count }, () => readValueType(reader));
}

function readImport(reader: ByteReader, draft: Draft): Import {
  const module = reader.name();
  const name = reader.name();
  const kind = readKind(reader);
  draft.imported[kind] += 1;
  if (kind === 'function') draft.functions.push(reader.u32());
  if (kind === 'table') draft.tables.push(readTable(reader));
  if (kind === 'memory') draft.memories.push(readMemory(reader));
  if (kind === 'global') draft.globals.push({ ...readGlobalType(reader), init: undefined });
  if (kind === 'tag') draft.tags.push(readTag(reader));
  return { module, name, kind };
}

function readKind(reader: ByteReader): ExternalKind {
  const at = reader.at;
  const code = reader.u8();
  return KINDS[code] ?? reader.fail(`${code} is not a kind of import or export`, at);
}

function readTable(reader: ByteReader): TableType {
  const at = reader.at;
  if (reader.bytes[at] === 0x40) refuse('tables with an initial value (typed function references)', at);
  const type = readReferenceType(reader);
  return { type, ...readLimits(reader, 'table') };
}

function readMemory(reader: ByteReader): Limits {
  return readLimits(reader, 'memory');
}

function readLimits(reader: ByteReader, what: 'table' | 'memory'): Limits {
  const at = reader.at;
  const flags = reader.u8();
  if (flags > 0x0f) reader.fail(`0x${flags.toString(16)} are no limits`, at);
  if (flags & 0x08) refuse('custom page sizes', at);
  if (flags & 0x04) refuse(`a 64-bit ${what}`, at);
  if (flags & 0x02) refuse(`a shared ${what} (threads)`, at);
  const min = reader.u32();
  return { min, max: flags & 0x01 ? reader.u32() : undefined };
}

function readTag(reader: ByteReader): number {
  const at = reader.at;
  if (reader.u8() !== 0) reader.fail('not the attribute of an exception', at);
  return reader.u32();
}

function readGlobalType(reader: ByteReader): GlobalType {
  const type = readValueType(reader);
  const at = reader.at;
  const flags = reader.u8();
  if (flags === 2 || flags === 3) refuse('shared globals (threads)', at);
  if (flags > 1) reader.fail(`0x${flags.toString(16)} does not say whether a global can change`, at);
  return { type, mutable: flags === 1 };
}

function readGlobal(reader: ByteReader): Global {
  return { ...readGlobalType(reader), init: readConstExpression(reader) };
}

function readExport(reader: ByteReader): Export {
  return { name: reader.name(), kind: readKind(reader), index: reader.u32() };
}

/** Core specification 5.5.12: bit 0 passive or declarative, bit 1 an explicit table (or declarative), bit 2 expressions for indices. */
function readElements(reader: ByteReader): ElementSegment {
  const at = reader.at;
  const flags = reader.u32();
  if (flags > 7) reader.fail(`${flags} is not a kind of element segment`, at);
  const active = (flags & 1) === 0;
  const table = active && flags & 2 ? reader.u32() : 0;
  const offset = active ? readConstExpression(reader) : undefined;
  if (flags & 3) readElementType(reader, (flags & 4) !== 0);
  const length = reader.count();
  for (let left = length; left > 0; left -= 1) {
    if (flags & 4) readConstExpression(reader);
    else reader.u32();
  }
  return { mode: active ? 'active' : flags & 2 ? 'declarative' : 'passive', table, offset, length };
}

function readElementType(reader: ByteReader, expressions: boolean): void {
  const at = reader.at;
  if (expressions) readReferenceType(reader);
  else if (reader.u8() !== 0) reader.fail('not a kind of element', at);
}

function readBody(reader: ByteReader, module: Draft): Body {
  const body = reader.part(reader.u32());
  const { at: start, end } = body;
  const groups = body.count();
  module.localGroups += groups;
  if (module.localGroups > READ_LIMITS.localGroupsMax) tooMuch('declarations of locals', module.localGroups, READ_LIMITS.localGroupsMax);
  const locals = Array.from({ length: groups }, () => ({ count: body.u32(), type: readValueType(body) }));
  return { locals, start, code: { start: body.at, end } };
}

function readData(reader: ByteReader): DataSegment {
  const at = reader.at;
  const flags = reader.u32();
  if (flags > 2) reader.fail(`${flags} is not a kind of data segment`, at);
  if (flags === 2 && reader.u32() !== 0) refuse('several memories', at);
  const offset = flags === 1 ? undefined : readConstExpression(reader);
  const bytes: Span = spanOf(reader, reader.u32());
  return { mode: flags === 1 ? 'passive' : 'active', offset, bytes };
}

function spanOf(reader: ByteReader, length: number): Span {
  const start = reader.at;
  reader.skip(length);
  return { start, end: reader.at };
}
