/** Which isolates go, pure: idle ones by time, because there are too many, or because memory runs short; others for their WebAssembly memories only. */

/** What one isolate takes of the mappings that Linux allows a process, and one WebAssembly memory. Measured: 15 for a small app, and one for each 256 KB of heap more. */
export const MAPPINGS_PER_ISOLATE = 20;
const MAPPINGS_PER_WASM_MEMORY = 3;

/** Idle isolates go until so much of what WebAssembly memories there may be is left: the next few do not begin it anew. */
const MEMORIES_LEFT = 7 / 8;

export interface Resident {
  /** nothing is under way */
  readonly isIdle: boolean;
  /** process clock, ms */
  readonly usedMs: number;
  readonly wasmMemories: number;
}

export interface ResidentBounds {
  readonly idleMsMax: number;
  /** isolates, those counted as more that have WebAssembly memories */
  readonly residentsMax: number;
  /** to be evicted at least, if so many are idle */
  readonly shortBy: number;
}

/** How many isolates one stands for. */
export function weightOf({ wasmMemories }: Resident): number {
  return 1 + (wasmMemories * MAPPINGS_PER_WASM_MEMORY) / MAPPINGS_PER_ISOLATE;
}

/** The least recently used first. What is not idle stays, however many there are. */
export function idleToEvict<R extends Resident>(residents: readonly R[], nowMs: number, { idleMsMax, residentsMax, shortBy }: ResidentBounds): R[] {
  let surplus = residents.reduce((sum, resident) => sum + weightOf(resident), 0) - residentsMax;
  const idle = residents.filter(({ isIdle }) => isIdle).toSorted((a, b) => a.usedMs - b.usedMs);
  return idle.filter((resident, index) => {
    const goes = surplus > 0 || index < shortBy || nowMs - resident.usedMs > idleMsMax;
    if (goes) surplus -= weightOf(resident);
    return goes;
  });
}

/**
 * Makes room for WebAssembly memories when the residents have more than so many: idle ones that have some are evicted, the least recently used first.
 * While that does not do, whoever has most is ended.
 */
export function roomForMemories<R extends Resident>(residents: readonly R[], memoriesMax: number): { evicted: R[]; ended: R[] } {
  let memories = residents.reduce((sum, { wasmMemories }) => sum + wasmMemories, 0);
  if (memories <= memoriesMax) return { evicted: [], ended: [] };
  const downTo =
    (most: number) =>
    ({ wasmMemories }: R): boolean => {
      const goes = memories > most;
      if (goes) memories -= wasmMemories;
      return goes;
    };
  const holders = residents.filter(({ wasmMemories }) => wasmMemories > 0);
  const evicted = holders.filter(({ isIdle }) => isIdle).toSorted((a, b) => a.usedMs - b.usedMs).filter(downTo(memoriesMax * MEMORIES_LEFT));
  const ended = holders.filter(({ isIdle }) => !isIdle).toSorted((a, b) => b.wasmMemories - a.wasmMemories).filter(downTo(memoriesMax));
  return { evicted, ended };
}
