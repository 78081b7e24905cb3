/** Limits on what a tenant gives to the bundler, besides those of protocol/limits.ts. */
export const BUILD_LIMITS = {
  /** all files that one bundle is made from, before what is unused is dropped */
  inputBytesMax: 256 * 1024 * 1024,
  inputsMax: 50_000,
  wasmModulesMax: 64,
} as const;
