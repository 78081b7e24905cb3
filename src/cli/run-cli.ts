import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { NanosError } from '../protocol/errors.ts';
import type { CliIo } from './cli-io.ts';
import { appsCommand } from './commands/apps.ts';
import { benchCommand } from './commands/bench.ts';
import { deployCommand } from './commands/deploy.ts';
import { logsCommand } from './commands/logs.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { serveCommand } from './commands/serve.ts';
import { undeployCommand } from './commands/undeploy.ts';
import { describeError } from './describe-error.ts';

/** One maker a command, in the order of the help text. */
const COMMANDS: readonly ((io: CliIo) => Command)[] = [serveCommand, deployCommand, undeployCommand, rollbackCommand, appsCommand, logsCommand, benchCommand];

const STATUS_DONE = 0;
const STATUS_FAILED = 1;
const STATUS_USAGE = 2;

/** Runs one command line, without the program's name. Resolves to the exit status: 0 done, 1 failed, 2 wrong usage. Never rejects. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const program = createProgram(io);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return STATUS_DONE;
  } catch (error) {
    return report(error, io);
  }
}

function createProgram(io: CliIo): Command {
  const program = new Command('nanos')
    .description('One host runs many other people’s programs, each in its own sandbox')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .showHelpAfterError(false);
  for (const create of COMMANDS) program.addCommand(create(io));
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
  if (error instanceof CommanderError) return error.exitCode === 0 ? STATUS_DONE : STATUS_USAGE;
  io.stderr.write(`${describeError(error, io.environment['NANOS_DEBUG'] !== undefined)}\n`);
  return error instanceof NanosError && error.code === 'usage' ? STATUS_USAGE : STATUS_FAILED;
}

function packageVersion(): string {
  // The same way up from src/cli and from dist/cli.
  const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown';
}
