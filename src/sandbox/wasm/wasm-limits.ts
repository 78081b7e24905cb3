/** What a module may hold at most; more is `module_refused`. Most stay well below what V8 itself accepts, so that metering never takes a module past that. */
export const WASM_LIMITS = {
  moduleBytesMax: 64 * 1024 * 1024,
  typesMax: 10_000,
  importsMax: 1000,
  exportsMax: 10_000,
  globalsMax: 10_000,
  tagsMax: 1000,
  functionsMax: 200_000,
  functionBytesMax: 1024 * 1024,
  /** parameters and results of a function or block */
  valuesMax: 500,
  localsMax: 10_000,
  /** declarations of locals in all functions together */
  localGroupsMax: 1_000_000,
  /** blocks inside each other */
  nestingMax: 1000,
  tablesMax: 16,
  /** of one table, at the start and when it grows */
  tableElementsMax: 100_000,
  elementSegmentsMax: 10_000,
  dataSegmentsMax: 100_000,
  customSectionsMax: 1000,
  /** of 64 KiB: 4 GiB */
  memoryPagesMax: 65_536,
} as const;

/**
 * Where reading stops, so that a module of a few bytes an entry does not fill the host's memory before its entries are counted.
 * Metered modules are read, too: they have more than is accepted of an original.
 */
export const READ_LIMITS = {
  sectionsMax: WASM_LIMITS.customSectionsMax + 50,
  sectionEntriesMax: 250_000,
  localGroupsMax: 2 * WASM_LIMITS.localGroupsMax,
} as const;

/** Bytes of a page of memory. */
export const PAGE_BYTES = 65_536;

/** A function of V8 may not be larger; a metered one that would be is refused. */
export const METERED_FUNCTION_BYTES_MAX = 7_654_321;

/** All metered functions together: most modules grow to less than three times their size, one made to grow to more than ten. */
export const METERED_CODE_BYTES_MAX = 4 * WASM_LIMITS.moduleBytesMax;

/**
 * What calls inside each other may take of the stack, by the estimate of frame-bytes.ts.
 * The host's own stack is larger (`--stack-size=3900`, workers `stackSizeMb: 4`), so that this runs out first, at the same call everywhere.
 */
export const DEPTH_BYTES_MAX = 3_000_000;
