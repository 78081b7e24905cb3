/** What a process and everything below it cost, as Linux counts it. */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in ticks of 10 ms on every platform that Node.js runs on. */
const TICKS_PER_SECOND = 100;
/** Places in /proc/PID/stat after the command's name, which may hold spaces: state is the first. */
const STAT_PARENT = 1;
const STAT_USER_TICKS = 11;
const STAT_SYSTEM_TICKS = 12;

/** The fields of /proc/PID/stat that follow the command's name. */
export function parseStat(text: string): string[] {
  return text.slice(text.lastIndexOf(')') + 2).trimEnd().split(' ');
}

/** Kilobytes of one line of /proc/PID/smaps_rollup. Throws when it has none of that name. */
export function parseKilobytes(text: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(?<kilobytes>\\d+) kB$`, 'mu').exec(text)?.groups?.['kilobytes'];
  if (found === undefined) throw new Error(`The kernel does not say ${name} of a process`);
  return Number(found);
}

/** `root` and all its descendants that live now. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readOrGone(`/proc/${name}/stat`) : undefined;
    if (stat === undefined) continue;
    const parent = Number(parseStat(stat)[STAT_PARENT]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** User and system CPU of the whole tree so far, in ms. Processes that have ended are not in it. */
export function cpuMs(root: number): number {
  const ticks = processTree(root).map((pid) => {
    const stat = parseStat(readOrGone(`/proc/${pid}/stat`) ?? ') ');
    return Number(stat[STAT_USER_TICKS] ?? 0) + Number(stat[STAT_SYSTEM_TICKS] ?? 0);
  });
  return (sum(ticks) / TICKS_PER_SECOND) * 1000;
}

/** Proportional set size of the whole tree in bytes: a page that several processes share counts once. */
export function memoryBytes(root: number): number {
  const kilobytes = processTree(root).map((pid) => {
    const rollup = readOrGone(`/proc/${pid}/smaps_rollup`);
    return rollup === undefined || rollup === '' ? 0 : parseKilobytes(rollup, 'Pss');
  });
  return sum(kilobytes) * 1024;
}

function readOrGone(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return undefined;
    throw error;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
