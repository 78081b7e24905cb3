/**
 * The body of a snapshot, version 2. It holds in what the memory of a state differs from its base: the module's image for a keyframe, an earlier snapshot's memory
 * for a delta. It has no checksum of its own: the hash of the entry that it is the body of covers it. All numbers are little-endian.
 *
 * | offset | bytes | |
 * | ---: | ---: | --- |
 * | 0 | 4 | `nsnp` |
 * | 4 | 1 | version, 2 |
 * | 5 | 1 | 0 keyframe, 1 delta |
 * | 6 | 2 | number of mutable globals |
 * | 8 | 4 | size of the memory in pages of 64 KB |
 * | 12 | 4 | bytes of `MemoryDifference.words` |
 * | 16 | 4 | bytes of `MemoryDifference.runs` |
 * | 20 | 32 | hash of the base (`MemoryImage.hash` or `hashState`) |
 * | 52 | 32 | hash of the state |
 * | 84 | 9 each | the globals: `writeGlobal` |
 * | | | the pieces (`snapshot-pieces.ts`): the first of the runs, zeros up to a multiple of 4 bytes and the first words, each other of the next words |
 */
import { NanosError } from '../../../protocol/errors.ts';
import { WASM_PAGE_BYTES } from './guest-state.ts';
import { WORD_BYTES, type MemoryDifference, type PiecewiseDifference } from './memory-difference.ts';
import { packPiece, PieceReader } from './snapshot-pieces.ts';
import { GLOBAL_BYTES, readGlobal, writeGlobal } from './state-hash.ts';

const MAGIC = 0x70_6e_73_6e;
const VERSION = 2;
const HEAD_BYTES = 84;
const KINDS = ['key', 'delta'] as const;

/** In pages of 64 KB, 256 MB: the memory of larger guests is not captured. */
export const SNAPSHOT_PAGES_MAX = 4096;

/** Bytes of words in a piece: so much memory is taken to inflate a snapshot, whatever its size. */
const PIECE_WORD_BYTES = 1024 * 1024;

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
  const start = Buffer.alloc(HEAD_BYTES + head.globals.length * GLOBAL_BYTES);
  const view = new DataView(start.buffer, start.byteOffset, start.length);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, VERSION);
  view.setUint8(5, KINDS.indexOf(head.kind));
  view.setUint16(6, head.globals.length, true);
  view.setUint32(8, head.pages, true);
  view.setUint32(12, words.length, true);
  view.setUint32(16, runs.length, true);
  start.write(head.baseHash, 20, 'hex');
  start.write(head.stateHash, 52, 'hex');
  for (const [index, value] of head.globals.entries()) writeGlobal(view, HEAD_BYTES + index * GLOBAL_BYTES, value);
  return Buffer.concat([start, ...packedPieces(words, runs)]);
}

function* packedPieces(words: Uint8Array, runs: Uint8Array): Generator<Uint8Array, void> {
  if (words.length === 0) return;
  const padding = new Uint8Array(paddedLength(runs.length) - runs.length);
  yield* packPiece(Buffer.concat([runs, padding, words.subarray(0, PIECE_WORD_BYTES)]));
  for (let at = PIECE_WORD_BYTES; at < words.length; at += PIECE_WORD_BYTES) yield* packPiece(words.subarray(at, at + PIECE_WORD_BYTES));
}

/** What a body says of itself, hex; undefined where it is too short to say it. */
export function snapshotHashes(body: Uint8Array): { readonly base: string; readonly state: string } | undefined {
  const head = Buffer.from(body.buffer, body.byteOffset, body.length);
  return head.length < HEAD_BYTES ? undefined : { base: head.toString('hex', 20, 52), state: head.toString('hex', 52, HEAD_BYTES) };
}

export interface DecodedBody {
  readonly head: SnapshotHead;
  /** Inflated when asked for, words when they are. Throws `snapshot_corrupt`, also while they are read. */
  difference(): PiecewiseDifference;
}

/** Throws `snapshot_corrupt`, also for memory larger than `pagesMax` pages of 64 KB. */
export function decodeSnapshotBody(bytes: Uint8Array, pagesMax: number): DecodedBody {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  check(body.length >= HEAD_BYTES && view.getUint32(0, true) === MAGIC, 'it is not a snapshot');
  check(view.getUint8(4) === VERSION, `its version is ${view.getUint8(4)} and not ${VERSION}`);
  const head = decodeHead(body, view);
  const most = Math.min(pagesMax, SNAPSHOT_PAGES_MAX);
  check(head.pages <= most, `a memory of ${head.pages} pages is larger than ${most}`);
  return { head, difference: () => decodeDifference(body, view, head) };
}

function decodeHead(body: Buffer, view: DataView): SnapshotHead {
  const kind = KINDS[view.getUint8(5)];
  check(kind !== undefined, 'its kind is unknown');
  const globals = decodeGlobals(view, HEAD_BYTES + view.getUint16(6, true) * GLOBAL_BYTES);
  return { kind, pages: view.getUint32(8, true), baseHash: body.toString('hex', 20, 52), stateHash: body.toString('hex', 52, HEAD_BYTES), globals };
}

/** Every run is of one word at least and takes two numbers of up to 5 bytes each: so much is inflated for a memory of this size and no more. */
function decodeDifference(body: Buffer, view: DataView, { pages, globals }: SnapshotHead): PiecewiseDifference {
  const wordBytes = view.getUint32(12, true);
  const runBytes = view.getUint32(16, true);
  check(wordBytes % WORD_BYTES === 0 && wordBytes <= pages * WASM_PAGE_BYTES && runBytes <= (wordBytes / WORD_BYTES) * 10, 'it holds more than its memory');
  const pieces = new PieceReader(body.subarray(HEAD_BYTES + globals.length * GLOBAL_BYTES), snapshotCorrupt);
  if (wordBytes === 0) {
    pieces.end();
    return { words: [], runs: new Uint8Array(0) };
  }
  const wordsAt = paddedLength(runBytes);
  const first = pieces.take(wordsAt + Math.min(wordBytes, PIECE_WORD_BYTES));
  check(first.subarray(runBytes, wordsAt).every((byte) => byte === 0), 'it holds something between its parts');
  return { words: wordPieces(first, wordsAt, pieces, wordBytes), runs: new Uint8Array(first.subarray(0, runBytes)) };
}

function* wordPieces(first: Uint8Array, wordsAt: number, pieces: PieceReader, wordBytes: number): Generator<Uint8Array, void> {
  yield first.subarray(wordsAt);
  for (let at = PIECE_WORD_BYTES; at < wordBytes; at += PIECE_WORD_BYTES) yield pieces.take(Math.min(wordBytes - at, PIECE_WORD_BYTES));
  pieces.end();
}

function paddedLength(length: number): number {
  return Math.ceil(length / WORD_BYTES) * WORD_BYTES;
}

export function snapshotCorrupt(reason: string, cause?: unknown): NanosError {
  return new NanosError('snapshot_corrupt', `A snapshot can't be restored: ${reason}`, { cause });
}

function check(holds: boolean, reason: string): asserts holds {
  if (!holds) throw snapshotCorrupt(reason);
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
