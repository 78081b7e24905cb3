import { createHash } from 'node:crypto';
import { ByteReader } from './binary/byte-reader.ts';
import { ByteWriter } from './binary/byte-writer.ts';
import { customSection, SECTION, type Section } from './binary/sections.ts';

const SECTION_NAME = 'nanos.metered';
const HASH_BYTES = 32;

/** What a metered module says about itself, in a custom section at its end. */
export interface MeteredRecord {
  readonly meterVersion: number;
  /** SHA-256, hex, of the module before metering */
  readonly sourceHash: string;
  /** why a snapshot of its instances is refused; undefined when none is */
  readonly snapshotRefusal: string | undefined;
}

/** The metered module with its record: version (u32), hash of the original, hash of the bytes before the section, refusal (a name, empty for none). */
export function appendRecord(metered: Uint8Array, { meterVersion, sourceHash, snapshotRefusal }: MeteredRecord): Uint8Array<ArrayBuffer> {
  const content = new ByteWriter(128).u32(meterVersion).raw(Buffer.from(sourceHash, 'hex')).raw(sha256(metered)).name(snapshotRefusal ?? '');
  const { body } = customSection(SECTION_NAME, content.written);
  return new ByteWriter(metered.length + body.length + 8).raw(metered).u8(SECTION.custom).block(body).toBytes();
}

/** The record of a module with these sections; undefined when there is none, or when a byte of the module changed since it was written. */
export function readRecord(bytes: Uint8Array, sections: readonly Section[]): MeteredRecord | undefined {
  const last = sections.at(-1);
  const before = sections.at(-2);
  if (last?.name !== SECTION_NAME || before === undefined) return undefined;
  const reader = new ByteReader(bytes, last.start, last.end);
  const meterVersion = reader.u32();
  const sourceHash = Buffer.from(reader.take(HASH_BYTES)).toString('hex');
  const hash = reader.take(HASH_BYTES);
  const snapshotRefusal = reader.name();
  if (reader.remaining !== 0 || !sha256(bytes.subarray(0, before.end)).equals(hash)) return undefined;
  return { meterVersion, sourceHash, snapshotRefusal: snapshotRefusal === '' ? undefined : snapshotRefusal };
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
