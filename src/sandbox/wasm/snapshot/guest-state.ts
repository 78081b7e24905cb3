/** Bytes of a page of WebAssembly memory. */
export const WASM_PAGE_BYTES = 65_536;

/** All there is to a guest at rest: nothing else differs between two instances of one module. */
export interface GuestState {
  /** size of the memory in pages of 64 KB */
  readonly pages: number;
  /** `pages` × 64 KB; may be a view of live memory, which is then read before the guest runs again */
  readonly memory: Uint8Array;
  /** values of the module's mutable globals by ascending index: a number for an i32; a bigint for an i64, and for the bits of an f32 or f64 */
  readonly globals: readonly (number | bigint)[];
}
