/**
 * What two cells say to each other over a Unix socket for one request after another: frames of a length (u32, little-endian, of the payload), a kind (u8)
 * and a payload. Nothing of a client's or a tenant's stands outside of a payload. A cell runs strangers' code: should one fall, the others take its word
 * for nothing but what it says of its own apps, and drop its connection for what is no frame.
 */
import { z } from 'zod';
import { isErrorCode } from './errors.ts';

export const FRAME = {
  /** → first of all: the host's own key */
  hello: 0,
  /** → JSON, {@link ForwardedRequest} */
  request: 1,
  /** both ways: bytes of a body; may reach the taker in pieces */
  data: 2,
  /** both ways: the body is complete */
  end: 3,
  /** ← the app waits for the next chunk of the request's body: answered by `data`, `end` or `failure` */
  read: 4,
  /** ← nothing more of the request's body will be read */
  cancel: 5,
  /** ← JSON, {@link ForwardedHead} */
  head: 6,
  /** → instead of a chunk · ← instead of a head: JSON, {@link ForwardedFailure} */
  failure: 7,
  /** → the client has gone, and so no chunk comes: JSON, {@link ForwardedFailure} */
  gone: 9,
  /** ← no further request should come on this connection; one that is on its way is served */
  goodbye: 8,
  /** ← the key is right: requests are taken from now on */
  welcome: 10,
} as const;

const bodySchema = z.enum(['none', 'whole', 'stream']);

const forwardedRequestSchema = z.object({
  app: z.string(),
  requestId: z.string(),
  method: z.string(),
  url: z.string(),
  headers: z.array(z.string()),
  depth: z.int().min(0).optional(),
  /** `whole`: frames `data` and `end` follow at once · `stream`: they follow as they are asked for */
  body: bodySchema,
  /** bytes of a stream, when the client said so */
  length: z.int().min(0).optional(),
});

const forwardedHeadSchema = z.object({
  status: z.int(),
  statusText: z.string(),
  headers: z.array(z.string()),
  /** `none` and `whole`: given with the head, an answer of one piece */
  body: bodySchema,
});

const positionSchema = z.object({ file: z.string(), line: z.number().optional(), column: z.number().optional() });

const forwardedFailureSchema = z.object({
  error: z.object({ code: z.string().refine(isErrorCode), message: z.string(), position: positionSchema.optional(), retryAfterS: z.number().optional() }),
  stack: z.string().optional(),
});

export type ForwardedRequest = z.infer<typeof forwardedRequestSchema>;
export type ForwardedHead = z.infer<typeof forwardedHeadSchema>;
export type ForwardedFailure = z.infer<typeof forwardedFailureSchema>;

/** Payloads of frames. They throw on what no cell of ours has sent. */
export const readRequest = (payload: Buffer): ForwardedRequest => forwardedRequestSchema.parse(parsed(payload));
export const readHead = (payload: Buffer): ForwardedHead => forwardedHeadSchema.parse(parsed(payload));
export const readFailure = (payload: Buffer): ForwardedFailure => forwardedFailureSchema.parse(parsed(payload));

function parsed(payload: Buffer): unknown {
  return JSON.parse(payload.toString('utf8'));
}

const PREFIX_BYTES = 5;
/** Of a frame whose payload is JSON: heads and failures are bounded below it by who takes them from a client or a tenant. */
const JSON_BYTES_MAX = 2 * 1024 * 1024;

export function frame(kind: number, payload: string | Uint8Array = ''): Buffer {
  const bytes = Buffer.byteLength(payload);
  const out = Buffer.allocUnsafe(PREFIX_BYTES + bytes);
  out.writeUInt32LE(bytes, 0);
  out[4] = kind;
  if (typeof payload === 'string') out.write(payload, PREFIX_BYTES, 'utf8');
  else out.set(payload, PREFIX_BYTES);
  return out;
}

/** Takes frames apart. Payloads of `data` are handed on in the pieces in which they come, all others whole. */
export class FrameReader {
  readonly #take: (kind: number, payload: Buffer) => void;
  /** what is there of a frame that is not whole */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #neededBytes = 0;
  /** of the `data` frame that is being read */
  #dataBytesLeft = 0;

  /** `take` may be called no more once it has thrown. */
  constructor(take: (kind: number, payload: Buffer) => void) {
    this.#take = take;
  }

  /** Throws when a frame is longer than any of ours. */
  push(chunk: Buffer): void {
    this.#waitingBytes += chunk.length;
    this.#waiting.push(chunk);
    if (this.#waitingBytes < this.#neededBytes) return;
    let rest = this.#waiting.length === 1 ? chunk : Buffer.concat(this.#waiting, this.#waitingBytes);
    this.#neededBytes = 0;
    while (rest.length > 0 && this.#neededBytes === 0) rest = rest.subarray(this.#dataBytesLeft > 0 ? this.#takeData(rest) : this.#takeFrame(rest));
    this.#waiting = rest.length > 0 ? [rest] : [];
    this.#waitingBytes = rest.length;
  }

  #takeData(bytes: Buffer): number {
    const taken = Math.min(bytes.length, this.#dataBytesLeft);
    this.#dataBytesLeft -= taken;
    this.#take(FRAME.data, bytes.subarray(0, taken));
    return taken;
  }

  /** Returns how many bytes it used up: 0 when there are too few, and then so many are needed. */
  #takeFrame(bytes: Buffer): number {
    if (bytes.length < PREFIX_BYTES) return this.#need(PREFIX_BYTES);
    const length = bytes.readUInt32LE(0);
    const kind = bytes[4] as number;
    if (kind === FRAME.data) {
      this.#dataBytesLeft = length;
      return PREFIX_BYTES;
    }
    if (length > JSON_BYTES_MAX) throw new RangeError(`A frame of ${length} bytes`);
    if (bytes.length < PREFIX_BYTES + length) return this.#need(PREFIX_BYTES + length);
    this.#take(kind, bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + length));
    return PREFIX_BYTES + length;
  }

  #need(bytes: number): 0 {
    this.#neededBytes = bytes;
    return 0;
  }
}
