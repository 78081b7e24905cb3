/** A body that is read chunk by chunk; nothing is taken from the network beyond a small window before it is asked for. */
export interface BodyReader {
  /** The next chunk, or null at the end. One call at a time. Rejects when the body broke off. */
  read(): Promise<Uint8Array | null>;
  /** The rest is not wanted; frees the connection. May be called at any time, also twice. */
  cancel(): void;
}

/** For consumers that take an iterable. Leaving the loop cancels the body. */
export async function* iterateBody(body: BodyReader): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (let chunk = await body.read(); chunk !== null; chunk = await body.read()) yield chunk;
  } finally {
    body.cancel();
  }
}
