import { createHash } from 'node:crypto';
import { ByteWriter } from './binary/byte-writer.ts';
import { customSection, readSections, SECTION } from './binary/sections.ts';
import type { FunctionType, Import } from './binary/wasm-module.ts';
import type { MutableGlobal } from './metering/mutable-globals.ts';

const SECTION_NAME = 'nanos.metered';
const HASH_BYTES = 32;

export interface FunctionImport {
  readonly module: string;
  readonly name: string;
  readonly type: FunctionType;
}

/** What a metered module says about itself, in a custom section at its end: all that a host has to know of it besides its code. */
export interface MeteredRecord {
  readonly meterVersion: number;
  /** SHA-256, hex, of the module before metering */
  readonly sourceHash: string;
  /** its own globals that can change, in ascending order */
  readonly globals: readonly MutableGlobal[];
  readonly imports: readonly Import[];
  /** those of them that are functions, in their order */
  readonly functionImports: readonly FunctionImport[];
  /** pages of 64 KiB that its memory begins with; 0 when it has none */
  readonly memoryPagesMin: number;
  /** why a snapshot of its instances is refused; absent when none is */
  readonly snapshotRefusal?: string | undefined;
}

/** The metered module with its record: JSON, then the SHA-256 of everything before it. */
export function appendRecord(metered: Uint8Array, record: MeteredRecord): Uint8Array<ArrayBuffer> {
  const content = new ByteWriter(1024).raw(Buffer.from(JSON.stringify(record))).raw(new Uint8Array(HASH_BYTES));
  const { body } = customSection(SECTION_NAME, content.written);
  const bytes = new ByteWriter(metered.length + body.length + 8).raw(metered).u8(SECTION.custom).block(body).toBytes();
  bytes.set(sha256(bytes.subarray(0, -HASH_BYTES)), bytes.length - HASH_BYTES);
  return bytes;
}

/** The record of a module and the SHA-256, hex, of it all; undefined when there is none, or when a byte changed since it was written. Throws module_invalid. */
export function readRecord(bytes: Uint8Array): { readonly record: MeteredRecord; readonly hash: string } | undefined {
  const section = readSections(bytes).at(-1);
  if (section?.name !== SECTION_NAME || section.end - section.start < HASH_BYTES) return undefined;
  const written = bytes.subarray(-HASH_BYTES);
  const hash = createHash('sha256').update(bytes.subarray(0, -HASH_BYTES));
  if (!hash.copy().digest().equals(written)) return undefined;
  const json = Buffer.from(bytes.subarray(section.start, section.end - HASH_BYTES)).toString();
  // Nobody but appendRecord writes what has this hash behind it.
  return { record: JSON.parse(json) as MeteredRecord, hash: hash.update(written).digest('hex') };
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
