import { ByteWriter } from '../binary/byte-writer.ts';
import { PAGE_BYTES } from './memory-page.ts';

export const WORD_BYTES = 4;
const WORDS_PER_PAGE = PAGE_BYTES / WORD_BYTES;

/** Up to so many equal words between two runs cost less inside of one. */
const GAP_WORDS_MAX = 1;

/** A shorter run is sooner written word by word than copied. */
const COPIED_WORDS_MIN = 64;

/** What to XOR into one memory to have another. */
export interface MemoryDifference {
  /** the words that differ, XOR, in order of address; aligned to 4 bytes */
  readonly words: Uint8Array;
  /** for each run of them two unsigned LEB128: words left out since the last run, words in this one */
  readonly runs: Uint8Array;
}

/** The difference between `memory` and a base that differs from it in the 4 KB pages `changed`, ascending. */
export function diffMemory(memory: Uint8Array, changed: readonly number[], base: (page: number) => Uint8Array): MemoryDifference {
  const collector = new Collector(changed.length);
  for (const page of changed) {
    const live = wordsOf(memory.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES));
    const old = wordsOf(base(page));
    for (let index = 0; index < WORDS_PER_PAGE; index++) {
      const difference = (live[index] ?? 0) ^ (old[index] ?? 0);
      if (difference !== 0) collector.add(page * WORDS_PER_PAGE + index, difference);
    }
  }
  return collector.finish();
}

class Collector {
  readonly #words: Int32Array;
  readonly #runs = new ByteWriter();
  #count = 0;
  #runStart = 0;
  /** word addresses: behind the last run, and behind the run at hand */
  #lastEnd = 0;
  #end = 0;

  constructor(pages: number) {
    this.#words = new Int32Array(pages * WORDS_PER_PAGE);
  }

  add(address: number, difference: number): void {
    if (this.#count > 0 && address - this.#end <= GAP_WORDS_MAX) this.#count += address - this.#end;
    else this.#begin(address);
    this.#words[this.#count++] = difference;
    this.#end = address + 1;
  }

  finish(): MemoryDifference {
    this.#begin(this.#end);
    return { words: new Uint8Array(this.#words.buffer, 0, this.#count * WORD_BYTES), runs: this.#runs.written };
  }

  /** Ends the run at hand, if there is one. */
  #begin(address: number): void {
    if (this.#count > this.#runStart) {
      const length = this.#count - this.#runStart;
      this.#runs.u32(this.#end - length - this.#lastEnd).u32(length);
      this.#lastEnd = this.#end;
    }
    this.#runStart = this.#count;
    this.#end = address;
  }
}

/**
 * Makes of a base the memory that a difference was taken of. `zeroFrom`: an address from which on the base is known to be zero. Pages it changes are added to `changed`.
 * False when the difference is not one of this memory, which is then spoilt.
 */
export function applyDifference({ words, runs }: MemoryDifference, memory: Uint8Array, zeroFrom: number, changed: Set<number>): boolean {
  const target = new Int32Array(memory.buffer, memory.byteOffset, memory.length / WORD_BYTES);
  const source = wordsOf(words);
  const reader = new RunReader(runs);
  let address = 0;
  let at = 0;
  while (!reader.done) {
    address += reader.next();
    const length = reader.next();
    if (!(length > 0 && address + length <= target.length && at + length <= source.length)) return false;
    if (length >= COPIED_WORDS_MIN && address * WORD_BYTES >= zeroFrom) target.set(source.subarray(at, at + length), address);
    else for (let index = 0; index < length; index++) target[address + index] = (target[address + index] ?? 0) ^ (source[at + index] ?? 0);
    for (let page = Math.floor(address / WORDS_PER_PAGE); page * WORDS_PER_PAGE < address + length; page++) changed.add(page);
    address += length;
    at += length;
  }
  return at === source.length;
}

class RunReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** NaN where the bytes end within a number. */
  next(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#at++] ?? Number.NaN;
      value += (byte % 128) * factor;
      if (!(byte >= 128)) return value;
    }
  }
}

function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / WORD_BYTES);
}
