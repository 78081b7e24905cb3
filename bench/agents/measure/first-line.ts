import { createInterface } from 'node:readline';
import type { StartedProcess } from '../../bench-scope.ts';

/** The first line that a process writes to standard output. Rejects when it ends before. */
export function firstLine(started: StartedProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface({ input: started.child.stdout! }).once('line', resolve);
    started.child.once('exit', () => reject(new Error(`A process ended before it said anything: ${started.errors()}`)));
  });
}
