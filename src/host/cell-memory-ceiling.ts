import { totalmem } from 'node:os';
import { HOST_LIMITS } from '../protocol/limits.ts';

/** The other half is for the supervisor, builds, agents and models, the kernel's files, and for a cell that is being replaced beside the next one. */
const CELLS_PART = 1 / 2;

export interface MachineMemory {
  readonly totalBytes: number;
  /** of the container or the like; 0: none */
  readonly constrainedBytes: number;
}

/** Resident memory that each of so many cells may take when the operator does not say. */
export function cellMemoryCeiling({ totalBytes, constrainedBytes }: MachineMemory, cells: number): number {
  const bytes = constrainedBytes > 0 ? Math.min(totalBytes, constrainedBytes) : totalBytes;
  return Math.max(Math.floor((bytes * CELLS_PART) / cells), HOST_LIMITS.cellMemoryBytesMin);
}

export function machineMemory(): MachineMemory {
  return { totalBytes: totalmem(), constrainedBytes: process.constrainedMemory() };
}
