/**
 * The header of a GGUF file, with all that can be checked before a native loader, which trusts it, is let at it.
 * Format: github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian.
 */
import { open } from 'node:fs/promises';
import { NanosError } from '../../protocol/errors.ts';
import { GgufCursor, GgufError } from './gguf-cursor.ts';
import { WEIGHT_TYPES, type WeightType } from './gguf-types.ts';

const MAGIC = 'GGUF';
const VERSIONS: ReadonlySet<number> = new Set([2, 3]);
const ENTRIES_MAX = 65_536;
const TENSORS_MAX = 1_048_576;
const KEY_BYTES_MAX = 65_535;
const STRING_BYTES_MAX = 16 * 1024 * 1024;
const ARRAY_DEPTH_MAX = 4;
const DIMENSIONS_MAX = 4;
const ALIGNMENT_DEFAULT = 32;
const ALIGNMENT_MAX = 1024 * 1024;

const STRING = 8;
const ARRAY = 9;
/** Bytes of a value, by the number of its type: u8 i8 u16 i16 u32 i32 f32 bool, and u64 i64 f64. */
const SCALAR_BYTES: ReadonlyMap<number, number> = new Map([[0, 1], [1, 1], [2, 2], [3, 2], [4, 4], [5, 4], [6, 4], [7, 1], [10, 8], [11, 8], [12, 8]]);

export type GgufValue = string | number | boolean;

export interface GgufHeader {
  readonly bytes: number;
  readonly modifiedMs: number;
  /** without arrays */
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly parameters: number;
  /** the type of most weights; empty: not known */
  readonly quantization: string;
}

interface Tensor {
  readonly name: string;
  readonly weights: number;
  readonly type: WeightType | undefined;
  readonly offset: number;
  /** undefined for a type that is not known */
  readonly bytes: number | undefined;
}

/** Throws `model_missing` when there is no such file, `model_invalid` when it is damaged, cut off, or no GGUF at all. */
export async function readGguf(path: string): Promise<GgufHeader> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') throw new NanosError('model_missing', `There is no model file ${path}`, { cause });
    throw new NanosError('model_missing', `The model file ${path} can not be read: ${cause.code ?? cause.message}`, { cause });
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new GgufError('it is no file');
    const header = await readHeader(new GgufCursor(file, stats.size), stats.size);
    return { bytes: stats.size, modifiedMs: stats.mtimeMs, ...header };
  } catch (error) {
    if (!(error instanceof GgufError)) throw error;
    throw new NanosError('model_invalid', `${path} is no usable GGUF model: ${error.message}`, { cause: error });
  } finally {
    await file.close();
  }
}

async function readHeader(cursor: GgufCursor, fileBytes: number): Promise<Pick<GgufHeader, 'metadata' | 'parameters' | 'quantization'>> {
  await cursor.ensure(24);
  if (cursor.take(4).toString('latin1') !== MAGIC) throw new GgufError('it does not begin with GGUF');
  const version = cursor.uint32();
  if (!VERSIONS.has(version)) throw new GgufError(`its version is ${version}, and 2 or 3 is needed`);
  const tensorCount = bounded(cursor.size(), TENSORS_MAX, 'tensors');
  const entryCount = bounded(cursor.size(), ENTRIES_MAX, 'entries');
  if (tensorCount === 0) throw new GgufError('it has no weights');
  const metadata = await readMetadata(cursor, entryCount);
  const tensors = await readTensors(cursor, tensorCount);
  checkData(tensors, alignUp(cursor.position, alignmentOf(metadata)), fileBytes, alignmentOf(metadata));
  return { metadata, parameters: tensors.reduce((sum, { weights }) => sum + weights, 0), quantization: commonType(tensors) };
}

function bounded(count: number, max: number, what: string): number {
  if (count > max) throw new GgufError(`it claims to have ${count} ${what}`);
  return count;
}

async function readMetadata(cursor: GgufCursor, count: number): Promise<Map<string, GgufValue>> {
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < count; i++) {
    const key = await readString(cursor, KEY_BYTES_MAX);
    await cursor.ensure(4);
    const value = await readValue(cursor, cursor.uint32());
    if (value !== undefined) metadata.set(key, value);
  }
  if (typeof metadata.get('general.architecture') !== 'string') throw new GgufError('it does not name its architecture');
  return metadata;
}

async function readString(cursor: GgufCursor, bytesMax: number): Promise<string> {
  const ready = cursor.ensure(8);
  if (ready !== undefined) await ready;
  const bytes = cursor.size();
  if (bytes > bytesMax) throw new GgufError(`a string in its header claims to have ${bytes} bytes`);
  const filled = cursor.ensure(bytes);
  if (filled !== undefined) await filled;
  return cursor.take(bytes).toString('utf8');
}

/** undefined for an array. */
async function readValue(cursor: GgufCursor, type: number): Promise<GgufValue | undefined> {
  if (type === STRING) return readString(cursor, STRING_BYTES_MAX);
  if (type === ARRAY) return skipArray(cursor, 1);
  const bytes = SCALAR_BYTES.get(type);
  if (bytes === undefined) throw new GgufError(`a value in its header has the unknown type ${type}`);
  await cursor.ensure(bytes);
  return scalar(cursor.take(bytes), type);
}

function scalar(bytes: Buffer, type: number): GgufValue {
  if (type === 7) return bytes[0] !== 0;
  if (type === 6) return bytes.readFloatLE();
  if (type === 12) return bytes.readDoubleLE();
  if (type === 10) return Number(bytes.readBigUInt64LE());
  if (type === 11) return Number(bytes.readBigInt64LE());
  const isSigned = type % 2 === 1;
  return isSigned ? bytes.readIntLE(0, bytes.length) : bytes.readUIntLE(0, bytes.length);
}

async function skipArray(cursor: GgufCursor, depth: number): Promise<undefined> {
  if (depth > ARRAY_DEPTH_MAX) throw new GgufError('its header holds arrays in arrays without end');
  await cursor.ensure(12);
  const type = cursor.uint32();
  const count = cursor.size();
  const bytes = SCALAR_BYTES.get(type);
  if (bytes !== undefined) return cursor.skip(bytes * count) as undefined;
  if (type !== STRING && type !== ARRAY) throw new GgufError(`an array in its header has the unknown type ${type}`);
  for (let i = 0; i < count; i++) {
    if (type === ARRAY) await skipArray(cursor, depth + 1);
    else {
      const ready = cursor.ensure(8);
      if (ready !== undefined) await ready;
      cursor.skip(cursor.size());
    }
  }
  return undefined;
}

async function readTensors(cursor: GgufCursor, count: number): Promise<Tensor[]> {
  const tensors: Tensor[] = [];
  for (let i = 0; i < count; i++) {
    const name = await readString(cursor, KEY_BYTES_MAX);
    await cursor.ensure(4);
    const dimensionCount = cursor.uint32();
    if (dimensionCount > DIMENSIONS_MAX) throw new GgufError(`the tensor ${name} claims to have ${dimensionCount} dimensions`);
    await cursor.ensure(dimensionCount * 8 + 12);
    const dimensions = Array.from({ length: dimensionCount }, () => cursor.size());
    tensors.push(tensorOf(name, dimensions, cursor.uint32(), cursor.size()));
  }
  return tensors;
}

function tensorOf(name: string, dimensions: readonly number[], typeId: number, offset: number): Tensor {
  const weights = dimensions.reduce((product, size) => product * size, 1);
  if (weights === 0 || !Number.isSafeInteger(weights)) throw new GgufError(`the tensor ${name} claims to have the shape ${dimensions.join(' × ')}`);
  const type = WEIGHT_TYPES.get(typeId);
  if (type === undefined) return { name, weights, type, offset, bytes: undefined };
  if ((dimensions[0] ?? 1) % type.blockWeights !== 0) throw new GgufError(`the tensor ${name} has rows of ${dimensions[0]}, which ${type.name} does not divide`);
  return { name, weights, type, offset, bytes: (weights / type.blockWeights) * type.blockBytes };
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>): number {
  const alignment = metadata.get('general.alignment') ?? ALIGNMENT_DEFAULT;
  const isPower = typeof alignment === 'number' && alignment >= 1 && alignment <= ALIGNMENT_MAX && Number.isInteger(Math.log2(alignment));
  if (!isPower) throw new GgufError(`its alignment is ${String(alignment)}`);
  return alignment;
}

function alignUp(position: number, alignment: number): number {
  return Math.ceil(position / alignment) * alignment;
}

/** Every tensor lies where it may, in the file, and over no other one. */
function checkData(tensors: readonly Tensor[], start: number, fileBytes: number, alignment: number): void {
  let end = 0;
  for (const { name, offset, bytes = 1 } of tensors.toSorted((a, b) => a.offset - b.offset)) {
    if (offset % alignment !== 0) throw new GgufError(`the tensor ${name} does not begin on a multiple of ${alignment} bytes`);
    if (offset < end) throw new GgufError(`the tensor ${name} lies over the one before it`);
    end = offset + bytes;
    if (start + end > fileBytes) throw new GgufError(`it has ${fileBytes} bytes, and its weights reach to byte ${start + end}: it is cut off. Download it again`);
  }
}

function commonType(tensors: readonly Tensor[]): string {
  const weightsOf = new Map<string, number>();
  for (const { weights, type } of tensors) {
    if (type !== undefined) weightsOf.set(type.name, (weightsOf.get(type.name) ?? 0) + weights);
  }
  return [...weightsOf].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? '';
}
