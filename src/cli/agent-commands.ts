/** Entry of the start-up snapshot: the commands that run agents. It is evaluated when the snapshot is made (`node --build-snapshot`); processes that start from that only run a command line. */
import process from 'node:process';
import { startupSnapshot } from 'node:v8';
import { NanosError } from '../protocol/errors.ts';
import type { CliIo } from './cli-io.ts';
import { replayCommand } from './commands/replay.ts';
import { runCommand } from './commands/run.ts';
import { runCommandLine, type Commands } from './run-command-line.ts';
import { runProcess } from './run-process.ts';
import { warmUp } from './warm-up.ts';

const COMMANDS: Commands = {
  run: () => Promise.resolve(runCommand),
  replay: () => Promise.resolve(replayCommand),
};

startupSnapshot.setDeserializeMainFunction(() => void main());
void warmUp(runAgents);

function runAgents(argv: readonly string[], io: CliIo): Promise<number> {
  return runCommandLine(argv, io, COMMANDS);
}

async function main(): Promise<void> {
  leaveOutSnapshot(process.execArgv);
  if (process.env['GLIBC_TUNABLES'] === 'glibc.malloc.hugetlb=1') delete process.env['GLIBC_TUNABLES'];
  const noHost = () => Promise.reject(new NanosError('internal', 'No host starts from the snapshot of the commands that run agents'));
  process.exit(await runProcess(runAgents, noHost));
}

/** Processes that this one starts are none of these commands; bin/nanos set both. */
function leaveOutSnapshot(flags: string[]): void {
  const place = flags.indexOf('--snapshot-blob');
  if (place !== -1) flags.splice(place, 2);
}
