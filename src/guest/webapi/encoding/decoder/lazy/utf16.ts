/** https://encoding.spec.whatwg.org/#shared-utf-16-decoder */
import type { StreamingDecoder } from '../../streaming-decoder.ts';

const chunkUnits = 4096;

export class Utf16Decoder implements StreamingDecoder {
  readonly #bigEndian: boolean;
  readonly #fatal: boolean;
  /** The first byte of a code unit, or −1 */
  #leadByte = -1;
  /** The first half of a surrogate pair, or 0 */
  #leadSurrogate = 0;

  constructor(bigEndian: boolean, fatal: boolean) {
    this.#bigEndian = bigEndian;
    this.#fatal = fatal;
  }

  decode(bytes: Uint8Array, stream: boolean): string {
    const parts: string[] = [];
    const units: number[] = [];
    for (const byte of bytes) {
      if (this.#leadByte < 0) {
        this.#leadByte = byte;
        continue;
      }
      const lead = this.#leadByte;
      this.#leadByte = -1;
      this.#unit(this.#bigEndian ? (lead << 8) | byte : (byte << 8) | lead, units);
      if (units.length >= chunkUnits) parts.push(String.fromCharCode(...units.splice(0)));
    }
    if (!stream && (this.#leadByte >= 0 || this.#leadSurrogate > 0)) {
      units.push(this.#malformed());
      this.reset();
    }
    parts.push(String.fromCharCode(...units));
    return parts.join('');
  }

  reset(): void {
    this.#leadByte = -1;
    this.#leadSurrogate = 0;
  }

  #unit(unit: number, units: number[]): void {
    const isTrail = (unit & 0xfc00) === 0xdc00;
    const lead = this.#leadSurrogate;
    this.#leadSurrogate = 0;
    if (lead > 0 && isTrail) {
      units.push(lead, unit);
      return;
    }
    if (lead > 0) units.push(this.#malformed());
    if ((unit & 0xfc00) === 0xd800) this.#leadSurrogate = unit;
    else units.push(isTrail ? this.#malformed() : unit);
  }

  #malformed(): number {
    if (this.#fatal) throw new TypeError('The encoded data was not valid for encoding utf-16');
    return 0xfffd;
  }
}
