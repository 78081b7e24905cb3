/** Which idle isolates go, pure: by time, because there are too many, or because memory runs short. */

/** What one isolate takes of the mappings that Linux allows a process, and one WebAssembly memory. Measured: 15 for a small app, and one for each 256 KB of heap more. */
export const MAPPINGS_PER_ISOLATE = 20;
const MAPPINGS_PER_WASM_MEMORY = 3;

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
