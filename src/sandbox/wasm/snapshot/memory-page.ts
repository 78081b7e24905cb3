import { hash } from 'node:crypto';
import { WASM_PAGE_BYTES } from './guest-state.ts';

/** The grain of snapshots: what changed is found, hashed and kept in pages of 4 KB. */
export const PAGE_BYTES = 4096;
export const PAGES_PER_WASM_PAGE = WASM_PAGE_BYTES / PAGE_BYTES;
export const HASH_BYTES = 32;

export const ZERO_PAGE: Uint8Array = new Uint8Array(PAGE_BYTES);

export function hashPage(page: Uint8Array): Uint8Array {
  return hash('sha256', page, 'buffer');
}

export const ZERO_PAGE_HASH: Uint8Array = hashPage(ZERO_PAGE);
