import process from 'node:process';
import { useCodeCache } from './code-cache.ts';

// A reader that has seen enough, as `head`, ends the command without a complaint.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

// It serves what is loaded from here on.
useCodeCache(process.env);
const { runCli } = await import('./run-cli.ts');

const status = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  startHost: async (options, onEvent) => (await import('../host/start-host.ts')).startHost(options, onEvent),
  onStopSignal: (listener) => {
    process.on('SIGINT', listener).on('SIGTERM', listener);
    return () => process.off('SIGINT', listener).off('SIGTERM', listener);
  },
  exit: (code) => process.exit(code),
});
// Whatever is still open belongs to a command that is done.
process.exit(status);
