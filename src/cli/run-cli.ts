import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { NanosError } from '../protocol/errors.ts';
import type { CliIo } from './cli-io.ts';
import { CommandFailed } from './command-failed.ts';
import { describeError } from './describe-error.ts';

type CreateCommand = (io: CliIo) => Command;

/** In the order of the help text. Only the code of the command that is asked for is loaded. */
const COMMANDS: Readonly<Record<string, () => Promise<CreateCommand>>> = {
  serve: async () => (await import('./commands/serve.ts')).serveCommand,
  deploy: async () => (await import('./commands/deploy.ts')).deployCommand,
  undeploy: async () => (await import('./commands/undeploy.ts')).undeployCommand,
  rollback: async () => (await import('./commands/rollback.ts')).rollbackCommand,
  apps: async () => (await import('./commands/apps.ts')).appsCommand,
  logs: async () => (await import('./commands/logs.ts')).logsCommand,
  compile: async () => (await import('./commands/compile.ts')).compileCommand,
  run: async () => (await import('./commands/run.ts')).runCommand,
  replay: async () => (await import('./commands/replay.ts')).replayCommand,
  runs: async () => (await import('./commands/runs.ts')).runsCommand,
  models: async () => (await import('./commands/models.ts')).modelsCommand,
  bench: async () => (await import('./commands/bench.ts')).benchCommand,
};

const STATUS_DONE = 0;
const STATUS_FAILED = 1;
const STATUS_USAGE = 2;

/** Runs one command line, without the program's name. Resolves to the exit status: 0 done, 1 failed, 2 wrong usage. Never rejects. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const program = await createProgram(argv, io);
    await program.parseAsync(argv, { from: 'user' });
    return STATUS_DONE;
  } catch (error) {
    return report(error, io);
  }
}

async function createProgram([name = '']: readonly string[], io: CliIo): Promise<Command> {
  const program = new Command('nanos')
    .description('One host runs many other people’s programs, each in its own sandbox')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .showHelpAfterError(false);
  const asked = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const makers = await Promise.all((asked === undefined ? Object.values(COMMANDS) : [asked]).map((load) => load()));
  for (const create of makers) program.addCommand(create(io));
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: (text, write) => write(`${text.trimEnd().replace(/^error: /, 'nanos: ')} (usage)\n`),
    });
  }
  return program;
}

function report(error: unknown, io: CliIo): number {
  if (error instanceof CommandFailed) return STATUS_FAILED;
  if (error instanceof CommanderError) return error.exitCode === 0 ? STATUS_DONE : STATUS_USAGE;
  io.stderr.write(`${describeError(error, io.environment['NANOS_DEBUG'] !== undefined)}\n`);
  return error instanceof NanosError && error.code === 'usage' ? STATUS_USAGE : STATUS_FAILED;
}

function packageVersion(): string {
  // The same way up from src/cli and from dist/cli.
  const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown';
}
