/** What code inside an isolate may ask of the host. The boundary (entry.ts) is the one implementer; web APIs only see this file. */

export interface HostReply {
  fields: string[];
  buffers: ArrayBuffer[];
}

export interface HostCall {
  /** Rejects with the built-in error class or DOMException that the host named. */
  reply: Promise<HostReply>;
  /** Tells the host that the result is no longer wanted; `reply` then stays pending. */
  cancel(): void;
}

/** A stream that the host offers (a request body, a fetched body). */
export interface InboundStream {
  /** The next chunk, or null at the end; rejects when the stream failed. One pull at a time. */
  pull(): Promise<Uint8Array<ArrayBuffer> | null>;
  cancel(): void;
}

/** A stream that the guest offers (a response body, a fetch body). */
export interface OutboundSource {
  /** The next chunk: bytes, or text to be sent as UTF-8 (never split inside a surrogate pair), or null at the end. */
  pull(): Promise<Uint8Array | string | null>;
  /** The host takes no more: the client disconnected or the request ended. */
  cancel(reason: unknown): void;
}

/**
 * For calls that end by themselves, whatever the app does or leaves undone, and that nobody cancels: of those in one lane a few are under way at
 * once, and the others wait for them. `derivation`: those of crypto.subtle that may take long, apart from all its others.
 */
export type Lane = 'cache' | 'cipher' | 'derivation';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface HostCalls {
  /** Fields must be primitive strings; buffers are copied. Throws at top level. */
  call(name: string, fields: readonly string[], buffers?: readonly ArrayBufferView[], lane?: Lane): HostCall;
  inbound(streamId: number): InboundStream;
  /** Offers `source` and returns its stream id. */
  outbound(source: OutboundSource): number;
  log(level: LogLevel, text: string): void;
  /** The request on whose behalf code runs now; 0 when there is none. */
  currentRequest(): number;
  /** Fills with random bytes from a generator seeded by the host. Throws at top level. */
  randomFill(bytes: Uint8Array): void;
}

let bound: HostCalls | undefined;

/** Set once by the boundary (or by a test). */
export function bindHostCalls(implementation: HostCalls): void {
  bound = implementation;
}

export function host(): HostCalls {
  if (bound === undefined) throw new Error('No host is attached');
  return bound;
}
