import { readFileSync } from 'node:fs';

/**
 * What tells a process from a later one with the same id: the boot and the start time on Linux (proc(5), field 22 of `stat`), '-' elsewhere. Letters, digits and hyphens.
 * A container that is started again gives its host the same process id every time, so the id alone would never look dead.
 */
export function processIdentity(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold spaces and parentheses itself.
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}-${startTime}`;
  } catch {
    return '-';
  }
}

export function isProcessAlive(pid: number, identity: string): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const now = processIdentity(pid);
  return now === '-' || identity === '-' || now === identity;
}
