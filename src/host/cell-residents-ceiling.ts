import { readFileSync } from 'node:fs';
import { HOST_LIMITS } from '../protocol/limits.ts';
import { MAPPINGS_PER_ISOLATE } from './cell-residents.ts';

/** Threads, libraries and V8's own; and room for what grows between two looks. */
const MAPPINGS_OF_A_CELL = 6_000;
/** Those of an isolate that are no pages of its heap. */
const MAPPINGS_PER_EMPTY_ISOLATE = 7;
/** Resident behind a mapping of V8's heap, of which a page is 256 KB; seldom less. */
const BYTES_PER_MAPPING = 200 * 1024;
const MAP_COUNT_FILE = '/proc/sys/vm/max_map_count';

/** Isolates that a cell may hold where a process may have so many memory mappings; undefined: where nobody says. */
export function residentsCeiling(mappingsMax: number | undefined): number {
  if (mappingsMax === undefined) return HOST_LIMITS.residentsMax;
  const room = Math.floor((mappingsMax - MAPPINGS_OF_A_CELL) / MAPPINGS_PER_ISOLATE);
  return Math.min(HOST_LIMITS.residentsMax, Math.max(room, 1));
}

/** Resident memory, in bytes, with which a cell stays within so many mappings, however large the heaps of its apps are. */
export function memoryByMappings(mappingsMax: number | undefined): number {
  if (mappingsMax === undefined) return Number.MAX_SAFE_INTEGER;
  const ofHeaps = mappingsMax - MAPPINGS_OF_A_CELL - residentsCeiling(mappingsMax) * MAPPINGS_PER_EMPTY_ISOLATE;
  return Math.max(ofHeaps * BYTES_PER_MAPPING, HOST_LIMITS.cellMemoryBytesMin);
}

/** `vm.max_map_count` of this machine; undefined where there is none, as on macOS. */
export function mappingsMax(): number | undefined {
  try {
    const count = Number(readFileSync(MAP_COUNT_FILE, 'latin1'));
    return Number.isSafeInteger(count) && count > 0 ? count : undefined;
  } catch {
    // another kernel
    return undefined;
  }
}
