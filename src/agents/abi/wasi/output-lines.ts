import type { LogLevel } from '../../run/control-call.ts';
import { WASI_LIMITS } from './wasi-limits.ts';

const LINE_FEED = 10;

/** What a guest writes to a standard stream, logged by whole lines; a last one without a line feed when the guest ends. */
export class OutputLines {
  readonly #log: (text: Uint8Array) => void;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(level: LogLevel, log: (level: LogLevel, text: Uint8Array) => void) {
    this.#log = (text) => log(level, text);
  }

  write(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.#rest.length + bytes.length);
    joined.set(this.#rest);
    joined.set(bytes, this.#rest.length);
    const end = joined.lastIndexOf(LINE_FEED);
    if (end >= 0) this.#log(joined.subarray(0, end));
    this.#rest = joined.slice(end + 1);
    if (this.#rest.length >= WASI_LIMITS.lineBytesMax) this.flush();
  }

  flush(): void {
    if (this.#rest.length > 0) this.#log(this.#rest);
    this.#rest = new Uint8Array(0);
  }
}
