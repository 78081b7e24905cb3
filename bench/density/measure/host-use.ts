/** What the processes of one host take, as Linux counts it. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs, memoryBytes, processTree } from '../../measure/process-tree.ts';

export interface HostUse {
  /** PSS of all processes */
  readonly bytes: number;
  readonly supervisorBytes: number;
  readonly cellBytes: readonly number[];
  /** memory mappings of the cell with the most; `vm.max_map_count` bounds them */
  readonly mappings: number;
}

/** `root`: the supervisor. */
export function hostUse(root: number): HostUse {
  const cells = cellPids(root);
  const others = processTree(root).filter((pid) => pid !== root);
  const bytes = memoryBytes(root);
  const otherBytes = others.reduce((total, pid) => total + memoryBytes(pid), 0);
  return { bytes, supervisorBytes: bytes - otherBytes, cellBytes: cells.map(memoryBytes), mappings: Math.max(...cells.map(mappingsOf)) };
}

/** CPU of all processes in a second without requests, in ms. */
export async function idleCpuMs(root: number, forMs: number): Promise<number> {
  const before = cpuMs(root);
  await sleep(forMs);
  return ((cpuMs(root) - before) / forMs) * 1000;
}

export function mappingsMax(): number {
  return Number(readFileSync('/proc/sys/vm/max_map_count', 'latin1'));
}

function cellPids(root: number): number[] {
  return processTree(root).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('/host/cell.'));
}

function mappingsOf(pid: number): number {
  return readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n').length - 1;
}
