/** Lengths in bytes of streams that say them, for the Content-Length of a message. */
const knownLengths = new WeakMap<object, number>();

export function knownLength(stream: object): number | undefined {
  return knownLengths.get(stream);
}

export function setKnownLength(stream: object, lengthBytes: number): void {
  knownLengths.set(stream, lengthBytes);
}
