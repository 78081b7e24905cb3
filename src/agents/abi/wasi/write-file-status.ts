import type { GuestMemory } from '../guest-memory.ts';
import type { WasiFileStatus } from './wasi-files.ts';

const FILE_STATUS_BYTES = 64;
/** All is on one device. */
const DEVICE = 1n;

/** `filestat` of WASI preview 1. */
export function writeFileStatus(memory: GuestMemory, at: number, { inode, type, size, modified }: WasiFileStatus): void {
  memory.view(at, FILE_STATUS_BYTES).fill(0);
  memory.setU64(at, DEVICE);
  memory.setU64(at + 8, inode);
  memory.setU64(at + 16, BigInt(type));
  memory.setU64(at + 24, 1n);
  memory.setU64(at + 32, size);
  for (const offset of [40, 48, 56]) memory.setU64(at + offset, modified);
}
