/** The bytes in a buffer of their own: what arrives in a message is a view of the whole message. */
export function ownBytes(view: Uint8Array): ArrayBuffer {
  return new Uint8Array(view).buffer;
}
