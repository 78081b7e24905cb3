/**
 * The body of a snapshot, version 1. It holds in what the memory of a state differs from its base: the module's image for a keyframe, the memory of the
 * snapshot before for a delta. All numbers are little-endian.
 *
 * | offset | bytes | |
 * | ---: | ---: | --- |
 * | 0 | 4 | `nsnp` |
 * | 4 | 1 | version, 1 |
 * | 5 | 1 | 0 keyframe, 1 delta |
 * | 6 | 2 | number of mutable globals |
 * | 8 | 4 | size of the memory in pages of 64 KB |
 * | 12 | 4 | bytes of `MemoryDifference.words` |
 * | 16 | 4 | bytes of `MemoryDifference.runs` |
 * | 20 | 4 | CRC-32 of all else: bytes 0 to 19, then from 24 on |
 * | 24 | 32 | hash of the base (`MemoryImage.hash` or `hashState`) |
 * | 56 | 32 | hash of the state |
 * | 88 | 9 each | the globals: `writeGlobal` |
 * | | | one zstd frame: words, then runs; nothing where both are empty |
 */
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { NanosError } from '../../../protocol/errors.ts';
import { WASM_PAGE_BYTES } from './guest-state.ts';
import { WORD_BYTES, type MemoryDifference } from './memory-difference.ts';
import { GLOBAL_BYTES, readGlobal, writeGlobal } from './state-hash.ts';

const MAGIC = 0x70_6e_73_6e;
const VERSION = 1;
const HEAD_BYTES = 88;
const CRC_OFFSET = 20;
const KINDS = ['key', 'delta'] as const;

/** In pages of 64 KB, 256 MB: the memory of larger guests is not captured. */
export const SNAPSHOT_PAGES_MAX = 4096;

/** The least that zlib takes as the size of its output buffer. */
const CHUNK_BYTES_MIN = 64;

/** Window of 8 MB at most, whatever a frame's own head asks for. */
const WINDOW_LOG_MAX = 23;

export interface SnapshotHead {
  readonly kind: 'key' | 'delta';
  /** size of the memory in pages of 64 KB */
  readonly pages: number;
  /** SHA-256, hex */
  readonly baseHash: string;
  readonly stateHash: string;
  readonly globals: readonly (number | bigint)[];
}

export function encodeSnapshotBody(head: SnapshotHead, { words, runs }: MemoryDifference): Uint8Array {
  const frame = compress(Buffer.concat([words, runs]));
  const globalsEnd = HEAD_BYTES + head.globals.length * GLOBAL_BYTES;
  const body = Buffer.alloc(globalsEnd + frame.length);
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, VERSION);
  view.setUint8(5, KINDS.indexOf(head.kind));
  view.setUint16(6, head.globals.length, true);
  view.setUint32(8, head.pages, true);
  view.setUint32(12, words.length, true);
  view.setUint32(16, runs.length, true);
  body.write(head.baseHash, 24, 'hex');
  body.write(head.stateHash, 56, 'hex');
  for (const [index, value] of head.globals.entries()) writeGlobal(view, HEAD_BYTES + index * GLOBAL_BYTES, value);
  body.set(frame, globalsEnd);
  view.setUint32(CRC_OFFSET, checksum(body), true);
  return body;
}

export interface DecodedBody {
  readonly head: SnapshotHead;
  /** Inflated when asked for. Throws `snapshot_corrupt`. */
  difference(): MemoryDifference;
}

/** Throws `snapshot_corrupt`, also for memory larger than `pagesMax` pages of 64 KB. */
export function decodeSnapshotBody(bytes: Uint8Array, pagesMax: number): DecodedBody {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  check(body.length >= HEAD_BYTES && view.getUint32(0, true) === MAGIC, 'it is not a snapshot');
  check(view.getUint8(4) === VERSION, `its version is ${view.getUint8(4)} and not ${VERSION}`);
  check(view.getUint32(CRC_OFFSET, true) === checksum(body), 'its checksum differs');
  const head = decodeHead(body, view);
  const most = Math.min(pagesMax, SNAPSHOT_PAGES_MAX);
  check(head.pages <= most, `a memory of ${head.pages} pages is larger than ${most}`);
  return { head, difference: () => decodeDifference(body, view, head) };
}

function decodeHead(body: Buffer, view: DataView): SnapshotHead {
  const kind = KINDS[view.getUint8(5)];
  check(kind !== undefined, 'its kind is unknown');
  const globals = decodeGlobals(view, HEAD_BYTES + view.getUint16(6, true) * GLOBAL_BYTES);
  return { kind, pages: view.getUint32(8, true), baseHash: body.toString('hex', 24, 56), stateHash: body.toString('hex', 56, HEAD_BYTES), globals };
}

/** Every run is of one word at least and takes two numbers of up to 5 bytes each: so much is inflated for a memory of this size and no more. */
function decodeDifference(body: Buffer, view: DataView, { pages, globals }: SnapshotHead): MemoryDifference {
  const wordBytes = view.getUint32(12, true);
  const runBytes = view.getUint32(16, true);
  check(wordBytes % WORD_BYTES === 0 && wordBytes <= pages * WASM_PAGE_BYTES && runBytes <= (wordBytes / WORD_BYTES) * 10, 'it holds more than its memory');
  const content = aligned(inflate(body.subarray(HEAD_BYTES + globals.length * GLOBAL_BYTES), wordBytes + runBytes));
  return { words: content.subarray(0, wordBytes), runs: content.subarray(wordBytes) };
}

function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % WORD_BYTES === 0 ? bytes : new Uint8Array(bytes);
}

export function snapshotCorrupt(reason: string, cause?: unknown): NanosError {
  return new NanosError('snapshot_corrupt', `A snapshot can't be restored: ${reason}`, { cause });
}

function check(holds: boolean, reason: string): asserts holds {
  if (!holds) throw snapshotCorrupt(reason);
}

function checksum(body: Uint8Array): number {
  return crc32(body.subarray(CRC_OFFSET + 4), crc32(body.subarray(0, CRC_OFFSET)));
}

function compress(content: Uint8Array): Uint8Array {
  if (content.length === 0) return content;
  const params = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 };
  return zstdCompressSync(content, { params });
}

/** Exactly `length` bytes, or an error before more than that is allocated. */
function inflate(frame: Uint8Array, length: number): Uint8Array {
  if (length === 0) {
    check(frame.length === 0, 'it holds more than it names');
    return frame;
  }
  try {
    const params = { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG_MAX };
    const content = zstdDecompressSync(frame, { params, maxOutputLength: length, chunkSize: Math.max(length, CHUNK_BYTES_MIN) });
    if (content.length === length) return content;
  } catch (error) {
    throw snapshotCorrupt('its content can\'t be inflated', error);
  }
  throw snapshotCorrupt('it holds less than it names');
}

function decodeGlobals(view: DataView, end: number): (number | bigint)[] {
  check(end <= view.byteLength, 'it is cut short');
  const globals: (number | bigint)[] = [];
  for (let at = HEAD_BYTES; at < end; at += GLOBAL_BYTES) {
    const value = readGlobal(view, at);
    check(value !== undefined, 'the value of a global is none');
    globals.push(value);
  }
  return globals;
}
