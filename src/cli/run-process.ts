import process from 'node:process';
import { askLine } from './ask-line.ts';
import type { CliIo, StartHost } from './cli-io.ts';

/** Makes of this process one command: runs its command line and gives the exit status. */
export async function runProcess(run: (argv: readonly string[], io: CliIo) => Promise<number>, startHost: StartHost): Promise<number> {
  // A reader that has seen enough, as `head`, ends the command without a complaint.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  return run(process.argv.slice(2), {
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    startHost,
    askLine: isAtTerminal() ? askLine : undefined,
    onStopSignal: (listener) => {
      process.on('SIGINT', listener).on('SIGTERM', listener);
      return () => process.off('SIGINT', listener).off('SIGTERM', listener);
    },
    exit: (code) => process.exit(code),
  });
}

/** Somebody sees a question, and can answer it. */
function isAtTerminal(): boolean {
  const { isatty } = process.getBuiltinModule('node:tty');
  return isatty(0) && isatty(2);
}
