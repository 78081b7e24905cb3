import { NanosError } from '../../protocol/errors.ts';
import { MEMORY_MODULE, memoryName, type DeclaredMemory } from '../../protocol/wasm-memory.ts';
import { ByteReader } from './binary/byte-reader.ts';
import { ByteWriter } from './binary/byte-writer.ts';
import { copySection, readSections, SECTION, standsBefore, writeModule, type WrittenSection } from './binary/sections.ts';

const EXTERNAL_MEMORY = 0x02;
/** Flags of limits (core specification 5.3.8, with threads and 64-bit memories). */
const HAS_MAXIMUM = 1;
const SHARED = 2;
const KNOWN_FLAGS = HAS_MAXIMUM | SHARED;

/**
 * The module with the memories that it defines made imports, the last ones, so that every index stays what it is. Whoever instantiates it makes them,
 * decides how far they grow and sees how far they have. A module without a memory of its own comes back as it is; nothing else of it is looked at.
 *
 * Throws `module_invalid` for bytes that are none, `module_refused` for memories of another kind than 32-bit ones.
 */
export function importMemories(module: Uint8Array): Uint8Array {
  const sections = readSections(module);
  const own = sections.find(({ id }) => id === SECTION.memory);
  if (own === undefined) return module;
  const memories = readMemories(new ByteReader(module, own.start, own.end));
  if (memories.length === 0) return module;
  const imports = sections.find(({ id }) => id === SECTION.import);
  const widened = importSection(memories, imports === undefined ? undefined : new ByteReader(module, imports.start, imports.end));
  const written: WrittenSection[] = [];
  let isWritten = false;
  for (const section of sections) {
    const { id } = section;
    if (!isWritten && id !== SECTION.custom && !standsBefore(id, SECTION.import)) {
      written.push(widened);
      isWritten = true;
    }
    if (id !== SECTION.import && id !== SECTION.memory) written.push(copySection(module, section));
  }
  return writeModule(written);
}

function readMemories(reader: ByteReader): DeclaredMemory[] {
  const memories = reader.list(() => readMemory(reader));
  reader.finish('memory section');
  return memories;
}

function readMemory(reader: ByteReader): DeclaredMemory {
  const flags = reader.u8();
  if ((flags & ~KNOWN_FLAGS) !== 0) throw new NanosError('module_refused', 'The module has a memory of 64 bits or of another page size');
  const initial = reader.u32();
  return { initial, maximum: (flags & HAS_MAXIMUM) === 0 ? undefined : reader.u32(), shared: (flags & SHARED) !== 0 };
}

/** What was imported before stays first, as it is. */
function importSection(memories: readonly DeclaredMemory[], imports: ByteReader | undefined): WrittenSection {
  const before = imports?.u32() ?? 0;
  const writer = new ByteWriter().u32(before + memories.length);
  if (imports !== undefined) writer.range(imports.bytes, imports.at, imports.end);
  for (const [index, memory] of memories.entries()) writeImport(writer, index, memory);
  return { id: SECTION.import, body: writer.toBytes() };
}

function writeImport(writer: ByteWriter, index: number, memory: DeclaredMemory): void {
  const { initial, maximum, shared } = memory;
  const flags = (maximum === undefined ? 0 : HAS_MAXIMUM) | (shared ? SHARED : 0);
  writer.name(MEMORY_MODULE).name(memoryName(index, memory)).u8(EXTERNAL_MEMORY).u8(flags).u32(initial);
  if (maximum !== undefined) writer.u32(maximum);
}
