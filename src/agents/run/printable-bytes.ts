const CHARACTERS_MAX = 120;

/** Bytes for a person to read, on one line and short. */
export function printableBytes(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, CHARACTERS_MAX * 4));
  const shown = JSON.stringify(text.slice(0, CHARACTERS_MAX));
  return text.length > CHARACTERS_MAX || bytes.length > CHARACTERS_MAX * 4 ? `${shown}… (${bytes.length} bytes)` : shown;
}
