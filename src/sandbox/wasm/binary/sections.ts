import { ByteReader } from './byte-reader.ts';
import { READ_LIMITS } from '../wasm-limits.ts';
import { ByteWriter } from './byte-writer.ts';
import { tooMuch } from './too-much.ts';

/** Identifiers of sections (core specification 5.5.2; `tag` is of exception handling). */
export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** The order in which sections stand in a module; custom ones may stand anywhere. */
const ORDER: readonly number[] = [
  SECTION.type,
  SECTION.import,
  SECTION.function,
  SECTION.table,
  SECTION.memory,
  SECTION.tag,
  SECTION.global,
  SECTION.export,
  SECTION.start,
  SECTION.element,
  SECTION.dataCount,
  SECTION.code,
  SECTION.data,
];

const PREAMBLE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

export interface Section {
  readonly id: number;
  /** of a custom section */
  readonly name: string | undefined;
  /** offsets of the content; that of a custom section begins behind its name */
  readonly start: number;
  readonly end: number;
}

/** A section to be written; `body` of a custom one begins with its name. */
export interface WrittenSection {
  readonly id: number;
  readonly body: Uint8Array;
}

/** Splits a module into its sections, each at most once and in order. Throws module_invalid. */
export function readSections(bytes: Uint8Array): Section[] {
  const reader = new ByteReader(bytes);
  if (!PREAMBLE.every((byte, index) => bytes[index] === byte)) reader.fail('not a WebAssembly module of version 1');
  reader.skip(PREAMBLE.length);
  const sections: Section[] = [];
  let rank = -1;
  while (reader.remaining > 0) {
    const section = readSection(reader);
    if (section.id !== SECTION.custom) {
      const next = ORDER.indexOf(section.id);
      if (next === -1) reader.fail(`a section of the unknown kind ${section.id}`, section.start);
      if (next <= rank) reader.fail(`the section of kind ${section.id} is out of order or not the first`, section.start);
      rank = next;
    }
    if (sections.push(section) > READ_LIMITS.sectionsMax) tooMuch('sections', sections.length, READ_LIMITS.sectionsMax);
  }
  return sections;
}

function readSection(reader: ByteReader): Section {
  const id = reader.u8();
  const content = reader.part(reader.u32());
  const name = id === SECTION.custom ? content.name() : undefined;
  return { id, name, start: content.at, end: content.end };
}

/** The section as it is to be written unchanged. */
export function copySection(bytes: Uint8Array, { id, name, start, end }: Section): WrittenSection {
  const content = bytes.subarray(start, end);
  return name === undefined ? { id, body: content } : customSection(name, content);
}

export function customSection(name: string, content: Uint8Array): WrittenSection {
  return { id: SECTION.custom, body: new ByteWriter(content.length + name.length + 8).name(name).raw(content).toBytes() };
}

/** Whether a section of kind `id` stands before one of kind `other` in a module. */
export function standsBefore(id: number, other: number): boolean {
  return ORDER.indexOf(id) < ORDER.indexOf(other);
}

/** Joins sections, which the caller has in order, to a module. */
export function writeModule(sections: readonly WrittenSection[]): Uint8Array<ArrayBuffer> {
  const size = sections.reduce((sum, section) => sum + section.body.length + 6, PREAMBLE.length);
  const writer = new ByteWriter(size).raw(PREAMBLE);
  for (const { id, body } of sections) writer.u8(id).block(body);
  return writer.toBytes();
}
