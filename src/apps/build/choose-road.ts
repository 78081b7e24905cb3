/**
 * From this many bytes of script on, an app is started from a snapshot of its own. A snapshot of a small app saves next to no time and
 * costs memory in every isolate, which keeps the blob that it was restored from; running a large script costs many times its restoring.
 */
export const SNAPSHOT_BYTES_MIN = 64 * 1024;

export interface RoadQuestion {
  readonly scriptBytes: number;
  readonly awaits: boolean;
  readonly wasmModules: number;
}

/** Snapshots hold no WebAssembly, and nothing that still waits. */
export function wantsSnapshot({ scriptBytes, awaits, wasmModules }: RoadQuestion): boolean {
  return scriptBytes >= SNAPSHOT_BYTES_MIN && !awaits && wasmModules === 0;
}
