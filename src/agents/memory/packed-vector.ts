/** Vectors as memories keep them: a byte a number, which is enough to tell near from far. */
const STEPS = 127;

/** Its direction, as a blob. */
export function packVector(vector: readonly number[]): Uint8Array {
  const largest = vector.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const scale = largest === 0 ? 0 : STEPS / largest;
  return new Uint8Array(Int8Array.from(vector, (value) => Math.round(value * scale)).buffer);
}

/** The cosine of the angle between a vector and a packed one of as many numbers; 0 for one without a direction. */
export function cosineTo(vector: readonly number[], packed: Uint8Array): number {
  const other = new Int8Array(packed.buffer, packed.byteOffset, packed.byteLength);
  let product = 0;
  let ownSquare = 0;
  let otherSquare = 0;
  for (let index = 0; index < other.length; index++) {
    const own = vector[index] ?? 0;
    const value = other[index] ?? 0;
    product += own * value;
    ownSquare += own * own;
    otherSquare += value * value;
  }
  const lengths = Math.sqrt(ownSquare * otherSquare);
  return lengths === 0 ? 0 : product / lengths;
}
