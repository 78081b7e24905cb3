import { HOST_LIMITS } from '../../protocol/limits.ts';
import type { SecretMask } from '../../util/secret-mask.ts';

/** Masked before the cut, so that no secret is cut in two at the end of the line. No longer: a tenant says how long a text is. */
const MASKED_UNITS_MAX = 2 * HOST_LIMITS.logLineBytesMax;

/** How much one app may print: so many bytes a second, with one second's worth of burst. */
export class LogLimiter {
  #allowanceBytes: number = HOST_LIMITS.logBytesPerSecondMax;
  #filledMs: number;
  #droppedLines = 0;

  constructor(nowMs: number) {
    this.#filledMs = nowMs;
  }

  /** The line, without secrets and cut if need be, or undefined when the app prints too much. */
  admit(text: string, nowMs: number, mask: SecretMask): string | undefined {
    const { logBytesPerSecondMax, logLineBytesMax } = HOST_LIMITS;
    const earned = ((nowMs - this.#filledMs) / 1000) * logBytesPerSecondMax;
    this.#allowanceBytes = Math.min(logBytesPerSecondMax, this.#allowanceBytes + earned);
    this.#filledMs = nowMs;
    const chargedBytes = Math.min(text.length, logLineBytesMax);
    if (chargedBytes > this.#allowanceBytes) {
      this.#droppedLines++;
      return undefined;
    }
    this.#allowanceBytes -= chargedBytes;
    const masked = mask.text(text.slice(0, MASKED_UNITS_MAX));
    return masked.length > logLineBytesMax ? `${masked.slice(0, logLineBytesMax)}…` : masked;
  }

  /** How many lines were dropped since the last call. */
  takeDropped(): number {
    const dropped = this.#droppedLines;
    this.#droppedLines = 0;
    return dropped;
  }
}
