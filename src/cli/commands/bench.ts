import { existsSync } from 'node:fs';
import { Argument, Command, Option } from 'commander';
import { NanosError } from '../../protocol/errors.ts';
import type { CliIo } from '../cli-io.ts';

/** What the bench, which is no part of the published package, is asked for. */
export interface BenchOptions {
  readonly quick: boolean;
  readonly only: string | undefined;
  readonly format: 'terminal' | 'json' | 'markdown';
  /** progress, a line each */
  say(text: string): void;
  /** aborted: end, and clean up */
  readonly signal: AbortSignal;
}

interface BenchModule {
  appsBench(options: BenchOptions): Promise<string>;
}

interface Options {
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly quick?: boolean;
  readonly only?: string;
}

const EXAMPLES = `
It needs a clone of the repository, Linux, and about 10 minutes on a quiet machine; with --quick about 90 seconds.
workerd comes from npm, into a folder of its own; without a network its column stays empty.

Examples:
  nanos bench apps
  nanos bench apps --quick --only throughput
  nanos bench apps --markdown > figures.md`;

export function benchCommand(io: CliIo): Command {
  return new Command('bench')
    .description('measure this machine: nanos beside workerd and bare node:http')
    .addArgument(new Argument('[what]', 'what to measure').choices(['apps']).default('apps'))
    .addOption(new Option('--json', 'print JSON').conflicts('markdown'))
    .option('--markdown', 'print Markdown tables')
    .option('--quick', 'smaller samples')
    .addOption(new Option('--only <section>', 'measure one section').choices(['cold', 'memory', 'throughput', 'idle']))
    .addHelpText('after', EXAMPLES)
    .action((_what: string, options: Options) => bench(options, io));
}

async function bench({ json, markdown, quick, only }: Options, io: CliIo): Promise<void> {
  const { appsBench } = await loadBench();
  const stop = new AbortController();
  const stopListening = io.onStopSignal(() => (stop.signal.aborted ? io.exit(1) : stop.abort(new NanosError('internal', 'The bench was stopped'))));
  try {
    const format = json === true ? 'json' : markdown === true ? 'markdown' : 'terminal';
    io.stdout.write(await appsBench({ quick: quick === true, only, format, say: (text) => void io.stderr.write(`bench: ${text}\n`), signal: stop.signal }));
  } finally {
    stopListening();
  }
}

async function loadBench(): Promise<BenchModule> {
  // The same way up from src/cli/commands and from dist/cli/commands.
  const file = new URL('../../../bench/apps-bench.ts', import.meta.url);
  if (!existsSync(file)) throw new NanosError('usage', 'The published package has no bench in it: run npm run bench in a clone of the nanos repository');
  const module: BenchModule = await import(file.href);
  return module;
}
