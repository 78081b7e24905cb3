import type { CliIo } from './cli-io.ts';
import { runCommandLine, type Commands } from './run-command-line.ts';

const COMMANDS: Commands = {
  serve: async () => (await import('./commands/serve.ts')).serveCommand,
  deploy: async () => (await import('./commands/deploy.ts')).deployCommand,
  undeploy: async () => (await import('./commands/undeploy.ts')).undeployCommand,
  rollback: async () => (await import('./commands/rollback.ts')).rollbackCommand,
  trigger: async () => (await import('./commands/trigger.ts')).triggerCommand,
  apps: async () => (await import('./commands/apps.ts')).appsCommand,
  logs: async () => (await import('./commands/logs.ts')).logsCommand,
  compile: async () => (await import('./commands/compile.ts')).compileCommand,
  run: async () => (await import('./commands/run.ts')).runCommand,
  replay: async () => (await import('./commands/replay.ts')).replayCommand,
  approve: async () => (await import('./commands/approve.ts')).approveCommand,
  runs: async () => (await import('./commands/runs.ts')).runsCommand,
  models: async () => (await import('./commands/models.ts')).modelsCommand,
  bench: async () => (await import('./commands/bench.ts')).benchCommand,
};

/** Runs one command line of nanos, as `runCommandLine` does. */
export function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  return runCommandLine(argv, io, COMMANDS);
}
