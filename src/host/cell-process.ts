import { fork, type ChildProcess, type StdioOptions } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownFile } from '../util/own-file.ts';
import { OCCUPANCY_FD } from './cell-occupancy.ts';
import { readCellOutput } from './cell-output.ts';
import { CELL_ENVIRONMENT, childFlags } from './child-flags.ts';
import { confinedProcess, type SecondWall } from './second-wall.ts';

export interface CellProcessOptions {
  /** built apps below it are the only files that the process may read besides the program */
  readonly dataDir: string;
  readonly wall: Pick<SecondWall, 'launcher' | 'user'>;
  readonly flags?: readonly string[] | undefined;
  /** of the record of whose code runs */
  readonly occupancyFd?: number | 'ignore';
  /** what it says beside its messages */
  output(text: string, pid: number | undefined): void;
}

/** Starts a cell, or what stands in for one. It inherits nothing that can be written to but pipes, its channel and the record; it reads from the data directory, in whose folders its user may have no rights. */
export function startCellProcess(entry: 'cell' | 'cell-stand-in', { dataDir, wall, flags = [], occupancyFd = 'ignore', output }: CellProcessOptions): ChildProcess {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', 'ipc'];
  stdio[OCCUPANCY_FD] = occupancyFd;
  const worker = fork(fileURLToPath(ownFile(entry, import.meta.url)), [], {
    ...confinedProcess(wall, [...childFlags('cell', { readable: [join(dataDir, 'artefacts', '*')] }), ...flags]),
    env: { ...CELL_ENVIRONMENT },
    cwd: dataDir,
    serialization: 'advanced',
    stdio,
  });
  readCellOutput([worker.stdout, worker.stderr], (text) => output(text, worker.pid));
  return worker;
}
