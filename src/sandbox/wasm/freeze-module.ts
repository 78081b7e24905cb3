import { NanosError } from '../../protocol/errors.ts';
import { ByteWriter } from './binary/byte-writer.ts';
import { readModule } from './binary/read-module.ts';
import { copySection, customSection, SECTION, writeModule, type WrittenSection } from './binary/sections.ts';
import { valueTypeCode } from './binary/value-type.ts';
import type { ExternalKind, Global, WasmModule } from './binary/wasm-module.ts';
import { findRuns, type Run } from './freeze-module-runs.ts';
import { WASM_PAGE_BYTES, type GuestState } from './snapshot/guest-state.ts';
import { codeRefusal, snapshotRefusal } from './snapshot/snapshot-refusal.ts';

export interface FreezeOptions {
  /** the exports that stay; all others go */
  readonly keepExports: (name: string) => boolean;
  /** to be added, in place of those of the same name */
  readonly customSections?: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/** Segments are written anew, so instructions that name one by its index would mean another. */
const SEGMENT_READERS = new Map([
  ['memory.init', 'reads data segments while it runs'],
  ['data.drop', 'drops data segments while it runs'],
]);

/**
 * A module whose instances start where an instance of `module` is: `state`, read at rest, becomes its data segments and the initial values of its globals.
 * There is no start section any more: what it did is part of the state. The same arguments give the same bytes.
 *
 * Throws `module_refused` for a module that has more to its state than memory and numeric globals.
 */
export function freezeModule(module: Uint8Array, state: GuestState, options: FreezeOptions): Uint8Array<ArrayBuffer> {
  const outline = readModule(module);
  refuseUnfreezable(outline, state);
  return writeModule([...keptSections(outline, state, options), dataSection(state), ...customSections(outline, options)]);
}

function refuseUnfreezable(outline: WasmModule, state: GuestState): void {
  const reason = snapshotRefusal(outline.bytes) ?? codeRefusal(outline, SEGMENT_READERS) ?? stateRefusal(outline, state);
  if (reason !== undefined) throw new NanosError('module_refused', `The module can't be frozen: it ${reason}`);
}

function stateRefusal({ globals, memories: [memory] }: WasmModule, state: GuestState): string | undefined {
  if (globals.filter(({ mutable }) => mutable).length !== state.globals.length) return 'is not the one whose globals were read';
  const fits = state.pages >= (memory?.min ?? 0) && state.memory.length === state.pages * WASM_PAGE_BYTES;
  return fits ? undefined : 'is not the one whose memory was read';
}

/** All but the data and the custom sections, which come behind them. */
function keptSections(outline: WasmModule, state: GuestState, { keepExports }: FreezeOptions): WrittenSection[] {
  const written: WrittenSection[] = [];
  for (const section of outline.sections) {
    if (section.id === SECTION.memory) written.push({ id: section.id, body: memoryBody(outline, state) });
    else if (section.id === SECTION.global) written.push({ id: section.id, body: globalBody(outline, state) });
    else if (section.id === SECTION.export) written.push({ id: section.id, body: exportBody(outline, keepExports) });
    else if (!GONE.has(section.id)) written.push(copySection(outline.bytes, section));
  }
  return written;
}

const GONE: ReadonlySet<number> = new Set([SECTION.custom, SECTION.start, SECTION.data, SECTION.dataCount]);

function memoryBody({ memories: [memory] }: WasmModule, { pages }: GuestState): Uint8Array {
  const max = memory?.max;
  const writer = new ByteWriter().u32(1).u8(max === undefined ? 0 : 1).u32(pages);
  return (max === undefined ? writer : writer.u32(max)).toBytes();
}

function globalBody({ bytes, globals, imported }: WasmModule, state: GuestState): Uint8Array {
  const defined = globals.slice(imported.global);
  const writer = new ByteWriter().u32(defined.length);
  const values = state.globals.values();
  for (const global of defined) {
    writer.u8(valueTypeCode(global.type)).u8(global.mutable ? 1 : 0);
    if (global.mutable) writeConstant(writer, global, values.next().value ?? 0);
    else if (global.init !== undefined) writer.range(bytes, global.init.start, global.init.end);
  }
  return writer.toBytes();
}

const CONSTANT = { i32: 0x41, i64: 0x42, f32: 0x43, f64: 0x44 } as const;
const END = 0x0b;

function writeConstant(writer: ByteWriter, { type }: Global, value: number | bigint): void {
  if (type === 'i32') writer.u8(CONSTANT.i32).s32(Number(value));
  else if (type === 'i64') writer.u8(CONSTANT.i64).s64(BigInt(value));
  else if (type === 'f32') writer.u8(CONSTANT.f32).raw(bitsOf(value).subarray(0, 4));
  else writer.u8(CONSTANT.f64).raw(bitsOf(value));
  writer.u8(END);
}

function bitsOf(value: number | bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigInt64(0, BigInt(value), true);
  return new Uint8Array(view.buffer);
}

function exportBody({ exports }: WasmModule, keep: (name: string) => boolean): Uint8Array {
  const kept = exports.filter(({ name }) => keep(name));
  const writer = new ByteWriter().u32(kept.length);
  for (const { name, kind, index } of kept) writer.name(name).u8(KIND_CODES[kind]).u32(index);
  return writer.toBytes();
}

const KIND_CODES: Readonly<Record<ExternalKind, number>> = { function: 0, table: 1, memory: 2, global: 3, tag: 4 };

function dataSection({ memory }: GuestState): WrittenSection {
  const runs = findRuns(memory);
  const writer = new ByteWriter(memory.length / 2).u32(runs.length);
  for (const run of runs) writeSegment(writer, memory, run);
  return { id: SECTION.data, body: writer.written };
}

/** Addresses are i32 constants, and so negative in the upper half. */
function writeSegment(writer: ByteWriter, memory: Uint8Array, { start, end }: Run): void {
  writer.u32(0).u8(CONSTANT.i32).s32(start | 0).u8(END);
  writer.u32(end - start).range(memory, start, end);
}

function customSections({ bytes, sections }: WasmModule, { customSections = [] }: FreezeOptions): WrittenSection[] {
  const replaced = new Set(customSections.map(({ name }) => name));
  const kept = sections.filter(({ id, name = '' }) => id === SECTION.custom && !replaced.has(name));
  return [...kept.map((section) => copySection(bytes, section)), ...customSections.map((added) => customSection(added.name, added.bytes))];
}
