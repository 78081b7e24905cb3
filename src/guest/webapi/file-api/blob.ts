/** https://w3c.github.io/FileAPI/#blob-section. A Blob's bytes live in the isolate; slices share them. */
import { decodeUtf8, encodeUtf8 } from '../encoding/utf8.ts';
import { copyBytes, isBufferSource, isObject, toDictionary, toDOMString, toEnum, toInteger, toSequence, toUSVString } from '../webidl.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Makes a ReadableStream (of bytes) over chunks that must not be changed nor handed out. */
export type BlobStreamFactory = (parts: readonly Bytes[]) => object;

const endingTypes = ['transparent', 'native'] as const;

let streamFactory: BlobStreamFactory | undefined;

/** Called once by the streams module. */
export function setBlobStreamFactory(factory: BlobStreamFactory): void {
  streamFactory = factory;
}

/** The bytes of a Blob as chunks that must not be changed. */
export let blobParts: (blob: Blob) => readonly Bytes[];
/** A copy of the bytes of a Blob. */
export let blobBytes: (blob: Blob) => Bytes;
export let isBlob: (value: unknown) => value is Blob;
/** A Blob over chunks that nobody else may change from now on. */
export let blobFromParts: (parts: readonly Bytes[], type: string) => Blob;

export class Blob {
  readonly #parts: readonly Bytes[];
  readonly #size: number;
  readonly #type: string;

  constructor(blobParts: unknown = undefined, options: unknown = undefined) {
    const shared = blobParts instanceof SharedParts;
    const elements = shared || blobParts === undefined ? [] : blobParts instanceof ConvertedParts ? blobParts.elements : toSequence(blobParts, toPartElement);
    const bag = toDictionary(options, 'BlobPropertyBag');
    const native = toEnum(bag.endings ?? 'transparent', endingTypes, 'endings') === 'native';
    const { type } = bag;
    this.#type = shared ? blobParts.type : type === undefined ? '' : normalizeType(toDOMString(type));
    this.#parts = shared ? blobParts.parts : elements.flatMap((element) => processPart(element, native));
    this.#size = this.#parts.reduce((size, part) => size + part.length, 0);
  }

  get size(): number {
    return this.#size;
  }

  get type(): string {
    return this.#type;
  }

  /** https://w3c.github.io/FileAPI/#slice-method-algo */
  slice(start: unknown = undefined, end: unknown = undefined, contentType: unknown = undefined): Blob {
    const from = relativeIndex(start, this.#size, 0);
    const to = relativeIndex(end, this.#size, this.#size);
    const parts = sliceParts(this.#parts, from, Math.max(to, from));
    return blobFromParts(parts, contentType === undefined ? '' : normalizeType(toDOMString(contentType)));
  }

  stream(): object {
    const parts = this.#parts;
    if (streamFactory === undefined) throw new TypeError('Streams are not available');
    return streamFactory(parts);
  }

  async text(): Promise<string> {
    return decodeUtf8(joinParts(this.#parts, this.#size));
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return joinParts(this.#parts, this.#size).buffer;
  }

  async bytes(): Promise<Bytes> {
    return joinParts(this.#parts, this.#size);
  }

  static {
    blobParts = (blob) => blob.#parts;
    blobBytes = (blob) => joinParts(blob.#parts, blob.#size);
    isBlob = (value): value is Blob => typeof value === 'object' && value !== null && #parts in value;
    blobFromParts = (parts, type) => new Blob(new SharedParts(parts, type));
  }
}

/** Marks chunks that are known to be immutable and are therefore not copied; the type is taken as it is. */
class SharedParts {
  readonly parts: readonly Bytes[];
  readonly type: string;

  constructor(parts: readonly Bytes[], type: string) {
    this.parts = parts;
    this.type = type;
  }
}

type PartElement = string | Bytes | Blob;

/** Parts that were converted before the arguments that follow them. */
export class ConvertedParts {
  readonly elements: readonly PartElement[];

  constructor(elements: readonly PartElement[]) {
    this.elements = elements;
  }
}

export function toPartElement(element: unknown): PartElement {
  if (isObject(element)) {
    if (isBlob(element)) return element;
    if (isBufferSource(element)) return copyBytes(element, 'Blob part');
  }
  return toUSVString(element);
}

/** https://w3c.github.io/FileAPI/#process-blob-parts */
function processPart(element: PartElement, native: boolean): readonly Bytes[] {
  if (typeof element === 'string') return nonEmpty(encodeUtf8(native ? element.replace(/\r\n?/g, '\n') : element));
  return isBlob(element) ? blobParts(element) : nonEmpty(element);
}

function nonEmpty(bytes: Bytes): Bytes[] {
  return bytes.length > 0 ? [bytes] : [];
}

/** Lower case; empty when it holds anything but printable ASCII. */
function normalizeType(type: string): string {
  return /^[\x20-\x7e]*$/.test(type) ? type.toLowerCase() : '';
}

function relativeIndex(value: unknown, size: number, fallback: number): number {
  if (value === undefined) return fallback;
  const index = toInteger(value, 64, true, 'clamp');
  return index < 0 ? Math.max(size + index, 0) : Math.min(index, size);
}

function sliceParts(parts: readonly Bytes[], from: number, to: number): Bytes[] {
  const selected: Bytes[] = [];
  let offset = 0;
  for (const part of parts) {
    const start = Math.max(from - offset, 0);
    const end = Math.min(to - offset, part.length);
    if (start < end) selected.push(part.subarray(start, end));
    offset += part.length;
  }
  return selected;
}

function joinParts(parts: readonly Bytes[], size: number): Bytes {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
