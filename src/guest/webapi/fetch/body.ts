/**
 * https://fetch.spec.whatwg.org/#concept-body. A body is kept as what it was made of: text, bytes or a stream of the host. It becomes a
 * ReadableStream only when a program asks for one, and as long as nobody has read from that stream its source is used directly.
 */
import { concatBytes } from '../concat-bytes.ts';
import type { AbortSignal } from '../dom/index.ts';
import { decodeUtf8, encodeUtf8 } from '../encoding/index.ts';
import { blobBytes, isBlob } from '../file-api/index.ts';
import type { InboundStream, OutboundSource } from '../../kernel/host-calls.ts';
import { host } from '../../kernel/host-calls.ts';
import type { ByteSource, ReadableStream } from '../streams/index.ts';
import { acquireReader, isDisturbed, isLocked, isReadableStream, markConsumed, readableBytes, readEach, teeForClone } from '../streams/index.ts';
import { URLSearchParams } from '../url/index.ts';
import { copyBytes, isBufferSource, toUSVString } from '../webidl.ts';
import { abortableStream } from './abortable-stream.ts';
import { formDataEntries, isFormData, serializeMultipart } from '../xhr/index.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** A stream of the host, or something that wraps one. */
export type BodyStream = InboundStream & Pick<ByteSource, 'onFail'>;
type Source = string | Bytes | BodyStream;

const sources = new WeakMap<ReadableStream, Source>();

export class Body {
  /** What a body was made of; null when that is only known to {@link Body.stream}. */
  source: Source | null;
  stream: ReadableStream | null;
  /** Read to its end without a stream. */
  consumed = false;
  /** When it is aborted, what was not read yet can't be read any more. */
  signal: AbortSignal | null = null;
  /** The bytes belong to a clone too, so what is handed out must be a copy. */
  shared = false;
  /** Content-Type that goes with it. */
  readonly type: string | null;

  constructor(source: Source | null, stream: ReadableStream | null, type: string | null) {
    this.source = source;
    this.stream = stream;
    this.type = type;
  }
}

/** A BodyInit as Web IDL converts it, for arguments that others are converted after. */
export function toBodyInit(value: unknown): unknown {
  const isInterface = typeof value === 'object' && value !== null && (isReadableStream(value) || isBufferSource(value) || isBlob(value) || value instanceof URLSearchParams || isFormData(value));
  return isInterface ? value : toUSVString(value);
}

/** https://fetch.spec.whatwg.org/#concept-bodyinit-extract. Throws a TypeError for a stream that is disturbed or locked. */
export function extractBody(init: unknown): Body {
  if (typeof init === 'string') return new Body(init.toWellFormed(), null, 'text/plain;charset=UTF-8');
  if (typeof init === 'object' && init !== null) {
    if (isReadableStream(init)) return bodyOfStream(init);
    if (isBufferSource(init)) return new Body(copyBytes(init, 'Body'), null, null);
    if (isBlob(init)) return new Body(blobBytes(init), null, init.type === '' ? null : init.type);
    if (init instanceof URLSearchParams) return new Body(init.toString(), null, 'application/x-www-form-urlencoded;charset=UTF-8');
    if (isFormData(init)) {
      const boundary = `----formdata-${randomHex(16)}`;
      return new Body(serializeMultipart(formDataEntries(init), boundary), null, `multipart/form-data; boundary=${boundary}`);
    }
  }
  return new Body(toUSVString(init), null, 'text/plain;charset=UTF-8');
}

function bodyOfStream(stream: ReadableStream): Body {
  if (isDisturbed(stream) || isLocked(stream)) throw new TypeError('Body is a stream that is locked or was read from');
  return new Body(sources.get(stream) ?? null, stream, null);
}

function randomHex(length: number): string {
  const bytes = new Uint8Array(length);
  host().randomFill(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** https://fetch.spec.whatwg.org/#dom-body-bodyused */
export function isBodyUsed(body: Body | null): boolean {
  if (body === null) return false;
  return body.stream === null ? body.consumed : isDisturbed(body.stream);
}

/** https://fetch.spec.whatwg.org/#body-unusable: throws a TypeError. */
export function requireUsable(body: Body | null): void {
  if (isBodyUsed(body)) throw new TypeError('Body has already been used');
  if (body !== null && body.stream !== null && isLocked(body.stream)) throw new TypeError('Body is locked by a reader');
}

/** The stream of a body, made when first asked for. */
export function streamOf(body: Body | null): ReadableStream | null {
  if (body === null || body.stream !== null) return body === null ? null : body.stream;
  body.stream = body.consumed ? readableBytes({ pull: () => null }) : streamOver(body.source as Source, body);
  if (body.consumed) markConsumed(body.stream);
  return body.stream;
}

function streamOver(source: Source, { shared, signal }: Body): ReadableStream {
  const stream = readableBytes(isPlain(source) ? plainSource(source, shared, signal) : source);
  sources.set(stream, shared && typeof source !== 'string' && isPlain(source) ? source.slice() : source);
  return stream;
}

function plainSource(source: string | Bytes, shared: boolean, signal: AbortSignal | null): ByteSource {
  const whole = onePart(source, shared);
  return signal === null || source.length === 0 ? whole : abortableStream(whole, signal);
}

function onePart(source: string | Bytes, shared: boolean): ByteSource & { cancel(): void } {
  let left: Bytes | string | null = source;
  return {
    pull() {
      const part = left;
      left = null;
      if (part === null) return null;
      return typeof part === 'string' ? encodeUtf8(part) : shared ? part.slice() : part;
    },
    cancel() {
      left = null;
    },
  };
}

function isPlain(source: Source | ReadableStream): source is string | Bytes {
  return typeof source === 'string' || ArrayBuffer.isView(source);
}

/** What a body holds, which counts as read from now on. Throws the reason of a signal that was aborted. */
function takeContent(body: Body): Source | ReadableStream {
  const { source, stream, signal } = body;
  // the signal has ended the stream, unless all of it was there and taken
  if (signal?.aborted === true && source !== null && (!isPlain(source) || source.length > 0)) throw signal.reason;
  requireUsable(body);
  if (stream === null) body.consumed = true;
  else if (source !== null) markConsumed(stream);
  if (source === null) return stream as ReadableStream;
  body.source = null;
  return source;
}

/** Moves what a body holds into a new one; the old one counts as read. https://fetch.spec.whatwg.org/#body-create-a-proxy */
export function moveBody(body: Body): Body {
  const content = takeContent(body);
  const moved = new Body(isReadableStream(content) ? readerSource(content, copyChunk) : content, null, body.type);
  moved.shared = body.shared;
  moved.signal = body.signal;
  return moved;
}

/** https://fetch.spec.whatwg.org/#concept-body-clone. Throws a TypeError when the body is unusable. */
export function cloneBody(body: Body): Body {
  requireUsable(body);
  const { source } = body;
  if (source !== null && isPlain(source)) {
    if (body.stream !== null) markConsumed(body.stream);
    body.stream = null;
    body.shared = true;
    const clone = new Body(source, null, body.type);
    clone.shared = true;
    clone.signal = body.signal;
    return clone;
  }
  const [first, second] = teeForClone(streamOf(body) as ReadableStream);
  body.stream = first;
  body.source = null;
  return new Body(null, second, body.type);
}

/** Hands over all that a body holds, at once when it is there; the empty string for no body. Throws when the body is unusable. */
export function readBody(body: Body | null, done: (content: string | Bytes) => void, fail: (error: unknown) => void): void {
  if (body === null) return done('');
  const content = takeContent(body);
  if (isPlain(content)) done(body.shared && typeof content !== 'string' ? content.slice() : content);
  else if (isReadableStream(content)) readStream(content, done, fail);
  else readAll(content).then(done, fail);
}

function readStream(stream: ReadableStream, done: (content: Bytes) => void, fail: (error: unknown) => void): void {
  const chunks: Bytes[] = [];
  readEach(stream, { chunk: (chunk) => chunks.push(copyChunk(requireBytes(chunk))), close: () => done(joined(chunks)), fail });
}

async function readAll(source: InboundStream): Promise<Bytes> {
  const chunks: Bytes[] = [];
  for (let chunk = await source.pull(); chunk !== null; chunk = await source.pull()) chunks.push(chunk);
  return joined(chunks);
}

function joined(chunks: readonly Bytes[]): Bytes {
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : concatBytes(chunks);
}

/** A program's stream is a body only with chunks of this class. */
function requireBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError('A stream that is a body has a chunk that is not a Uint8Array');
}

/** For chunks that are kept: the program that made them may still hold them. */
function copyChunk(chunk: Uint8Array): Bytes {
  return new Uint8Array(chunk);
}

/** Reads a stream of a program: its chunks must be Uint8Arrays. */
function readerSource<C extends Uint8Array>(stream: ReadableStream, take: (chunk: Uint8Array) => C): { pull(): Promise<C | null>; cancel(reason?: unknown): void } {
  const reader = acquireReader(stream);
  return {
    async pull() {
      const { done, value } = await reader.read();
      if (done) return null;
      try {
        return take(requireBytes(value));
      } catch (error) {
        reader.cancel(error).catch(() => undefined);
        throw error;
      }
    },
    cancel(reason) {
      reader.cancel(reason).catch(() => undefined);
    },
  };
}

export function textOf(content: string | Bytes): string {
  if (typeof content !== 'string') return decodeUtf8(content);
  return content.charCodeAt(0) === 0xfeff ? content.slice(1) : content;
}

export function bytesOf(content: string | Bytes): Bytes {
  if (typeof content === 'string') return encodeUtf8(content);
  return content.byteLength === content.buffer.byteLength ? content : content.slice();
}

export type OutgoingBody = null | { text: string } | { bytes: Uint8Array } | { source: OutboundSource };

export const OUTGOING_TEXT_UNITS_MAX = 65_536;
export const OUTGOING_BYTES_MAX = 262_144;

/** Takes what a body holds, in the form that crosses to the host cheapest. Throws a TypeError when the body is unusable. */
export function outgoingBody(body: Body | null): OutgoingBody {
  if (body === null) return null;
  const content = takeContent(body);
  if (isReadableStream(content)) return { source: readerSource(content, (chunk) => chunk) };
  if (!isPlain(content)) return { source: content };
  if (typeof content !== 'string') return content.length > OUTGOING_BYTES_MAX ? { source: bytesSource(content) } : { bytes: content };
  return content.length > OUTGOING_TEXT_UNITS_MAX ? { source: textSource(content) } : { text: content };
}

function textSource(text: string): OutboundSource {
  let at = 0;
  return {
    async pull() {
      if (at >= text.length) return null;
      const end = sliceEnd(text, at + OUTGOING_TEXT_UNITS_MAX);
      const slice = text.slice(at, end);
      at = end;
      return slice;
    },
    cancel() {
      at = text.length;
    },
  };
}

/** One unit earlier when `end` would split a surrogate pair. */
function sliceEnd(text: string, end: number): number {
  return end < text.length && (text.charCodeAt(end - 1) & 0xfc00) === 0xd800 ? end - 1 : end;
}

function bytesSource(bytes: Bytes): OutboundSource {
  let at = 0;
  return {
    async pull() {
      if (at >= bytes.length) return null;
      const slice = bytes.subarray(at, at + OUTGOING_BYTES_MAX);
      at += slice.length;
      return slice;
    },
    cancel() {
      at = bytes.length;
    },
  };
}
