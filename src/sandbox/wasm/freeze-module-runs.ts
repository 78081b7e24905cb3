import { WASM_LIMITS } from './wasm-limits.ts';

/** Addresses of a part of memory. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

/** Fewer zeros than this between two runs cost no more as content than as the head of another data segment. */
const GAP_BYTES_MIN = 16;

const WORD_BYTES = 4;

/** The parts of memory, in words of 4 bytes, that hold more than zeros; joined where few zeros lie between them, or where there would be too many. */
export function findRuns(memory: Uint8Array, runsMax: number = WASM_LIMITS.dataSegmentsMax): Run[] {
  for (let gapBytes = GAP_BYTES_MIN; ; gapBytes *= 2) {
    const runs = runsBetween(memory, gapBytes);
    if (runs.length <= runsMax) return runs;
  }
}

function runsBetween(memory: Uint8Array, gapBytes: number): Run[] {
  const words = new Int32Array(memory.buffer, memory.byteOffset, memory.length / WORD_BYTES);
  const gap = gapBytes / WORD_BYTES;
  const runs: Run[] = [];
  let start = -1;
  let last = -1;
  for (let at = 0; at < words.length; at++) {
    if (words[at] === 0) continue;
    if (start >= 0 && at - last > gap) runs.push({ start: start * WORD_BYTES, end: (last + 1) * WORD_BYTES });
    if (start < 0 || at - last > gap) start = at;
    last = at;
  }
  if (start >= 0) runs.push({ start: start * WORD_BYTES, end: (last + 1) * WORD_BYTES });
  return runs;
}
