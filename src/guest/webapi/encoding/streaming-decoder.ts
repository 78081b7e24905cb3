/** Bytes to text, chunk by chunk. A byte order mark comes through as U+FEFF. */
export interface StreamingDecoder {
  /** Without `stream` the input ends with these bytes. Throws a TypeError on malformed input when it is fatal. */
  decode(bytes: Uint8Array, stream: boolean): string;
  reset(): void;
}
