import { SYSCALLS, type SyscallName } from '../../protocol/agent/syscalls.ts';

const NAMES: ReadonlyMap<number, SyscallName> = new Map(Object.entries(SYSCALLS).map(([name, { op }]) => [op, name as SyscallName]));

/** Numbers that this host does not know are no fault: a newer guest may try what it can do. */
export function syscallName(op: number): SyscallName | 'unknown' {
  return NAMES.get(op) ?? 'unknown';
}
