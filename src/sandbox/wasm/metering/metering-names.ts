/** Exports that metering adds to a module, for the host alone: the guest's code has no name for them. */
export const METERING_EXPORTS = {
  /** mutable i64: fuel left; below 0 the guest traps */
  fuel: '__nanos_fuel',
  /** mutable i32: bytes of stack left to calls inside each other; below 0 the guest traps */
  depth: '__nanos_depth',
  /** mutable i32: pages past which memory.grow gives -1 */
  pagesMax: '__nanos_pages_max',
  /** mutable i32: whether memory.grow was refused for that reason, or because the engine could not */
  growRefused: '__nanos_grow_refused',
  /** the function of the start section, which is gone */
  start: '__nanos_start',
  memory: '__nanos_memory',
} as const;

/** Values of `growRefused`. */
export const GROW_REFUSED = { no: 0, cap: 1, engine: 2 } as const;

/** Export of the mutable global with this index. */
export function globalExport(index: number): string {
  return `__nanos_g${index}`;
}

/** Functions that read and write a float global as the bits of an i64, since a number of JavaScript does not keep those of a NaN. */
export function bitsExports(index: number): { readonly read: string; readonly write: string } {
  return { read: `__nanos_read_g${index}`, write: `__nanos_write_g${index}` };
}
