import { HOST_LIMITS } from '../../protocol/limits.ts';

/** How much one app may print: so many bytes a second, with one second's worth of burst. */
export class LogLimiter {
  #allowanceBytes: number = HOST_LIMITS.logBytesPerSecondMax;
  #filledMs: number;
  #droppedLines = 0;

  constructor(nowMs: number) {
    this.#filledMs = nowMs;
  }

  /** The line, cut if need be, or undefined when the app prints too much. */
  admit(text: string, nowMs: number): string | undefined {
    const { logBytesPerSecondMax, logLineBytesMax } = HOST_LIMITS;
    const earned = ((nowMs - this.#filledMs) / 1000) * logBytesPerSecondMax;
    this.#allowanceBytes = Math.min(logBytesPerSecondMax, this.#allowanceBytes + earned);
    this.#filledMs = nowMs;
    const line = text.length > logLineBytesMax ? `${text.slice(0, logLineBytesMax)}…` : text;
    if (line.length > this.#allowanceBytes) {
      this.#droppedLines++;
      return undefined;
    }
    this.#allowanceBytes -= line.length;
    return line;
  }

  /** How many lines were dropped since the last call. */
  takeDropped(): number {
    const dropped = this.#droppedLines;
    this.#droppedLines = 0;
    return dropped;
  }
}
