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

/** A difference whose words come piece by piece, each aligned to 4 bytes and good until the next is asked for. */
export interface PiecewiseDifference {
  readonly words: Iterable<Uint8Array>;
  readonly runs: Uint8Array;
}

/** The difference between `memory` and a base that differs from it in the 4 KB pages `changed`, ascending. */
export function diffMemory(memory: Uint8Array, changed: readonly number[], base: (page: number) => Uint8Array): MemoryDifference {
  const collector = new Collector(changed.length * WORDS_PER_PAGE);
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

/** The difference that leads as far as one and then another one. */
export function mergeDifferences(first: MemoryDifference, second: MemoryDifference): MemoryDifference {
  const collector = new Collector(((first.words.length + second.words.length) / WORD_BYTES) * (1 + GAP_WORDS_MAX));
  const [a, b] = [new WordCursor(first), new WordCursor(second)];
  while (a.address < Number.POSITIVE_INFINITY || b.address < Number.POSITIVE_INFINITY) {
    const address = Math.min(a.address, b.address);
    const word = (a.address === address ? a.take() : 0) ^ (b.address === address ? b.take() : 0);
    if (word !== 0) collector.add(address, word);
  }
  return collector.finish();
}

/** Walks over the words of a difference. */
class WordCursor {
  /** of the next word; infinite behind the last */
  address = 0;
  readonly #words: Int32Array;
  readonly #runs: RunReader;
  #at = 0;
  #left = 0;

  constructor({ words, runs }: MemoryDifference) {
    this.#words = wordsOf(words);
    this.#runs = new RunReader(runs);
    this.#nextRun();
  }

  take(): number {
    const word = this.#words[this.#at++] ?? 0;
    this.address++;
    if (--this.#left === 0) this.#nextRun();
    return word;
  }

  #nextRun(): void {
    if (this.#runs.done) this.address = Number.POSITIVE_INFINITY;
    else {
      this.address += this.#runs.next();
      this.#left = this.#runs.next();
    }
  }
}

class Collector {
  readonly #words: Int32Array;
  readonly #runs = new ByteWriter();
  #count = 0;
  #runStart = 0;
  /** word addresses: behind the last run, and behind the run at hand */
  #lastEnd = 0;
  #end = 0;

  constructor(wordsMax: number) {
    this.#words = new Int32Array(wordsMax);
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
export function applyDifference({ words, runs }: PiecewiseDifference, memory: Uint8Array, zeroFrom: number, changed: Set<number>): boolean {
  const target = wordsOf(memory);
  const source = new WordSource(words);
  const reader = new RunReader(runs);
  let address = 0;
  while (!reader.done) {
    address += reader.next();
    const end = address + reader.next();
    if (!(end > address && end <= target.length)) return false;
    for (let page = Math.floor(address / WORDS_PER_PAGE); page * WORDS_PER_PAGE < end; page++) changed.add(page);
    while (address < end) {
      if (!source.ready()) return false;
      address += source.write(target, address, end, address * WORD_BYTES >= zeroFrom);
    }
  }
  return !source.ready();
}

class WordSource {
  readonly #pieces: Iterator<Uint8Array>;
  #piece: Int32Array = new Int32Array(0);
  #at = 0;

  constructor(pieces: Iterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.iterator]();
  }

  /** False behind the last word. */
  ready(): boolean {
    while (this.#at === this.#piece.length) {
      const next = this.#pieces.next();
      this.#piece = next.done === true ? new Int32Array(0) : wordsOf(next.value);
      this.#at = 0;
      if (next.done === true) return false;
    }
    return true;
  }

  /** XORs words of the piece at hand into `target` from `address` to `end`, which may be known to be zero. Gives how many. */
  write(target: Int32Array, address: number, end: number, isZero: boolean): number {
    const piece = this.#piece;
    const at = this.#at;
    const count = Math.min(end - address, piece.length - at);
    if (isZero && count >= COPIED_WORDS_MIN) {
      // Memory that nobody wrote to is provided page by page, and sooner by writing a word to each than in the midst of a copy.
      for (let page = address; page < address + count; page += WORDS_PER_PAGE) target[page] = 0;
      target.set(piece.subarray(at, at + count), address);
    } else for (let index = 0; index < count; index++) target[address + index] = (target[address + index] ?? 0) ^ (piece[at + index] ?? 0);
    this.#at = at + count;
    return count;
  }
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
