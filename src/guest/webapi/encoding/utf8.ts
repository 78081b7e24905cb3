/** UTF-8 in JavaScript, https://encoding.spec.whatwg.org/#utf-8. */
import type { StreamingDecoder } from './streaming-decoder.ts';

/** Lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  const ascii = encodeAscii(text);
  if (ascii !== null) return ascii;
  const bytes = new Uint8Array(utf8Length(text));
  encodeUtf8Into(text, bytes);
  return bytes;
}

/** Null when there is anything else in it. */
function encodeAscii(text: string): Uint8Array<ArrayBuffer> | null {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return null;
    bytes[i] = unit;
  }
  return bytes;
}

/** Bytes that `text` takes in UTF-8. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) length++;
    else {
      length += 2;
      if (isSurrogatePair(text, i, unit)) i++;
    }
  }
  return length;
}

/** Writes whole code points as long as they fit. Returns UTF-16 code units read and bytes written. */
export function encodeUtf8Into(text: string, bytes: Uint8Array): { read: number; written: number } {
  const room = bytes.length;
  let read = 0;
  let written = 0;
  for (; read < text.length; read++) {
    const unit = text.charCodeAt(read);
    if (unit < 0x80) {
      if (written + 1 > room) break;
      bytes[written++] = unit;
    } else if (unit < 0x800) {
      if (written + 2 > room) break;
      bytes[written++] = 0xc0 | (unit >> 6);
      bytes[written++] = 0x80 | (unit & 0x3f);
    } else if (isSurrogatePair(text, read, unit)) {
      if (written + 4 > room) break;
      const point = 0x10000 + ((unit & 0x3ff) << 10) + (text.charCodeAt(++read) & 0x3ff);
      bytes[written++] = 0xf0 | (point >> 18);
      bytes[written++] = 0x80 | ((point >> 12) & 0x3f);
      bytes[written++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[written++] = 0x80 | (point & 0x3f);
    } else {
      if (written + 3 > room) break;
      const scalar = (unit & 0xf800) === 0xd800 ? 0xfffd : unit;
      bytes[written++] = 0xe0 | (scalar >> 12);
      bytes[written++] = 0x80 | ((scalar >> 6) & 0x3f);
      bytes[written++] = 0x80 | (scalar & 0x3f);
    }
  }
  return { read, written };
}

function isSurrogatePair(text: string, at: number, unit: number): boolean {
  return (unit & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
}

export interface DecodeUtf8Options {
  /** Throw a TypeError on malformed input instead of putting U+FFFD in its place. */
  fatal?: boolean;
  /** Keep a leading byte order mark. */
  ignoreBOM?: boolean;
}

/** https://encoding.spec.whatwg.org/#utf-8-decode and its variants */
export function decodeUtf8(bytes: Uint8Array, { fatal = false, ignoreBOM = false }: DecodeUtf8Options = {}): string {
  const hasBom = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return new Utf8Decoder(fatal).decode(hasBom && !ignoreBOM ? bytes.subarray(3) : bytes, false);
}

/** Code units that are turned into a string at once: a plain array of small integers is what V8 does fastest. */
const chunkUnits = 2048;

/** https://encoding.spec.whatwg.org/#utf-8-decoder */
export class Utf8Decoder implements StreamingDecoder {
  readonly #fatal: boolean;
  #point = 0;
  #needed = 0;
  #lower = 0x80;
  #upper = 0xbf;

  constructor(fatal: boolean) {
    this.#fatal = fatal;
  }

  decode(bytes: Uint8Array, stream: boolean): string {
    const text = this.#decodeBytes(bytes);
    if (stream || this.#needed === 0) return text;
    this.reset();
    return text + String.fromCharCode(this.#malformed());
  }

  reset(): void {
    this.#needed = 0;
    this.#lower = 0x80;
    this.#upper = 0xbf;
    this.#again = false;
  }

  #malformed(): number {
    if (this.#fatal) throw new TypeError('The encoded data was not valid for encoding utf-8');
    return 0xfffd;
  }

  #decodeBytes(bytes: Uint8Array): string {
    const length = bytes.length;
    const units: number[] = [];
    let text = '';
    let used = 0;
    let at = 0;
    while (at < length) {
      if (this.#needed === 0) {
        const end = Math.min(length, at + chunkUnits - used);
        for (; at < end && bytes[at]! < 0x80; at++) units[used++] = bytes[at]!;
      }
      if (at < length && used < chunkUnits) {
        const unit = this.#step(bytes[at]!);
        if (unit >= 0x10000) units[used++] = 0xd7c0 + (unit >> 10);
        if (unit >= 0) units[used++] = unit >= 0x10000 ? 0xdc00 | (unit & 0x3ff) : unit;
        if (!this.#again) at++;
        this.#again = false;
      }
      if (used >= chunkUnits) {
        text += fromUnits(units, used);
        used = 0;
      }
    }
    return text + fromUnits(units, used);
  }

  /** The byte just seen must be read again as the first of a sequence. */
  #again = false;

  /** Takes one byte. Returns a code point, or −1 within a sequence. */
  #step(byte: number): number {
    if (this.#needed === 0) return byte < 0x80 ? byte : this.#lead(byte);
    if (byte < this.#lower || byte > this.#upper) {
      this.reset();
      const replacement = this.#malformed();
      this.#again = true;
      return replacement;
    }
    this.#lower = 0x80;
    this.#upper = 0xbf;
    this.#point = (this.#point << 6) | (byte & 0x3f);
    return --this.#needed === 0 ? this.#point : -1;
  }

  #lead(byte: number): number {
    if (byte < 0xc2 || byte > 0xf4) return this.#malformed();
    if (byte === 0xe0) this.#lower = 0xa0;
    else if (byte === 0xed) this.#upper = 0x9f;
    else if (byte === 0xf0) this.#lower = 0x90;
    else if (byte === 0xf4) this.#upper = 0x8f;
    this.#needed = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    this.#point = byte & (0x3f >> this.#needed);
    return -1;
  }
}

function fromUnits(units: number[], used: number): string {
  if (units.length > used) units.length = used;
  return String.fromCharCode.apply(null, units);
}
