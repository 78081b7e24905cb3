import { readFileSync, readdirSync } from 'node:fs';
import { ifThere } from './if-there.ts';

/** Children of a process that live now, none when it is gone. Linux only. */
export function childPids(pid: number): number[] {
  const threads = ifThere(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return threads.flatMap((thread) => {
    const children = ifThere(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'))?.trim() ?? '';
    return children === '' ? [] : children.split(' ').map(Number);
  });
}

/** Those of them whose command line holds that text. */
export function childPidsWith(pid: number, text: string): number[] {
  return childPids(pid).filter((child) => ifThere(() => readFileSync(`/proc/${child}/cmdline`, 'utf8'))?.includes(text) === true);
}
