import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { NanosError } from '../protocol/errors.ts';
import type { CliIo } from './cli-io.ts';
import { CommandFailed } from './command-failed.ts';
import { describeError } from './describe-error.ts';

/** By name, in the order of the help text. Only the code of the command that is asked for is loaded. */
export type Commands = Readonly<Record<string, () => Promise<(io: CliIo) => Command>>>;

const STATUS_DONE = 0;
const STATUS_FAILED = 1;
const STATUS_USAGE = 2;

/** Runs one command line, without the program's name. Resolves to the exit status: 0 done, 1 failed, 2 wrong usage. Never rejects. */
export async function runCommandLine(argv: readonly string[], io: CliIo, commands: Commands): Promise<number> {
  try {
    const program = await createProgram(argv, io, commands);
    await program.parseAsync(argv, { from: 'user' });
    return STATUS_DONE;
  } catch (error) {
    return report(error, io);
  }
}

async function createProgram([name = '']: readonly string[], io: CliIo, commands: Commands): Promise<Command> {
  const program = new Command('nanos')
    .description('One host runs many other people’s programs, each in its own sandbox')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .showHelpAfterError(false);
  const asked = Object.hasOwn(commands, name) ? commands[name] : undefined;
  const makers = await Promise.all((asked === undefined ? Object.values(commands) : [asked]).map((load) => load()));
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
