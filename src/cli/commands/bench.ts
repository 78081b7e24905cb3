import { existsSync } from 'node:fs';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { NanosError } from '../../protocol/errors.ts';
import type { CliIo } from '../cli-io.ts';

/** What the bench, which is no part of the published package, is asked for. */
export interface BenchOptions {
  readonly quick: boolean;
  readonly only: string | undefined;
  readonly format: 'terminal' | 'json' | 'markdown';
  /** processes that run apps, of density; undefined: its own choice */
  readonly cells?: number | undefined;
  /** progress, a line each */
  say(text: string): void;
  /** aborted: end, and clean up */
  readonly signal: AbortSignal;
}

interface Options {
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly quick?: boolean;
  readonly only?: string;
  readonly cells?: number;
}

type Bench = (options: BenchOptions) => Promise<string>;

/** What is measured, and its sections. */
const SUBJECTS = {
  apps: ['cold', 'memory', 'throughput', 'idle', 'web-api'],
  agents: ['boot', 'calls', 'memory', 'metering', 'snapshots', 'recordings'],
  models: ['throughput', 'apps', 'start'],
  density: ['deployed', 'residents'],
  soak: [],
  hostile: ['cpu', 'memory', 'boundary', 'prototype', 'promise', 'stream', 'wasm', 'network', 'parser', 'start-up', 'logs'],
} as const;
type Subject = keyof typeof SUBJECTS;

const EXAMPLES = `
apps: nanos beside workerd and bare node:http, about 10 minutes on a quiet machine. agents: boot, syscalls, memory, metering, snapshots and
recordings beside secure-exec, about 5 minutes. models: tokens a second beside node-llama-cpp, agents beside an app, and starts, about 5 minutes.
density: one host with 10,000 apps, up to 5,000 of them resident, about 10 minutes and 10 GB of memory; --quick with 1,000 and 500.
soak: 100,000 isolates started and evicted in one process, and what becomes of its memory, about 30 minutes; --quick with 2,000.
hostile: programs that mean harm, each beside a victim under constant load, and the same on workerd, about 15 minutes.
With --quick about 90 seconds (hostile: 4 minutes, without workerd). The peers come from npm, into a folder of their own; without
a network their columns stay empty. MANIFEST: one agent's boot and its syscalls on this machine; nothing that it does has an effect.

It needs a clone of the repository; apps, agents, density, soak and hostile need Linux, models the engine (nanos models install). Whether a target was met is in the report and not in the exit status.

Examples:
  nanos bench apps
  nanos bench agents --quick --only calls
  nanos bench density --cells 4
  nanos bench hostile --only memory
  nanos bench examples/agents/secret/agent.nano
  nanos bench agents --markdown > figures.md`;

export function benchCommand(io: CliIo): Command {
  return new Command('bench')
    .description('measure this machine: apps, agents, models, thousands of apps, thousands of starts, hostile programs, or one agent')
    .addArgument(new Argument('[what]', 'apps, agents, models, density, soak, hostile, or the .nano file of an agent').argParser(parseWhat).default('apps'))
    .addOption(new Option('--json', 'print JSON').conflicts('markdown'))
    .option('--markdown', 'print Markdown tables')
    .option('--quick', 'smaller samples')
    .option('--only <section>', `measure one section: of apps ${SUBJECTS.apps.join(', ')}; of agents ${SUBJECTS.agents.join(', ')}; of models ${SUBJECTS.models.join(', ')}; of density ${SUBJECTS.density.join(', ')}; of hostile ${SUBJECTS.hostile.join(', ')}`)
    .option('--cells <count>', 'of density: processes that run apps (default: 2, with --quick 1)', parseCells)
    .addHelpText('after', EXAMPLES)
    .action((what: string, options: Options) => bench(what, options, io));
}

function parseWhat(text: string): string {
  if (isSubject(text) || text.endsWith('.nano')) return text;
  throw new InvalidArgumentError('It must be apps, agents, models, density, soak, hostile, or the path of a manifest, which ends in .nano.');
}

function parseCells(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 to 99.');
  return Number(text);
}

function isSubject(what: string): what is Subject {
  return Object.hasOwn(SUBJECTS, what);
}

async function bench(what: string, { json, markdown, quick, only, cells }: Options, io: CliIo): Promise<void> {
  checkSection(what, only);
  if (cells !== undefined && what !== 'density') throw new NanosError('usage', '--cells is for density');
  const run = await loadBench(what);
  const stop = new AbortController();
  const stopListening = io.onStopSignal(() => (stop.signal.aborted ? io.exit(1) : stop.abort(new NanosError('internal', 'The bench was stopped'))));
  try {
    const format = json === true ? 'json' : markdown === true ? 'markdown' : 'terminal';
    io.stdout.write(await run({ quick: quick === true, only, cells, format, say: (text) => void io.stderr.write(`bench: ${text}\n`), signal: stop.signal }));
  } finally {
    stopListening();
  }
}

function checkSection(what: string, only: string | undefined): void {
  if (only === undefined) return;
  if (!isSubject(what) || what === 'soak') throw new NanosError('usage', `--only is for apps, agents, models, density and hostile: ${what === 'soak' ? 'soak' : 'one agent'} is measured as a whole`);
  const sections: readonly string[] = SUBJECTS[what];
  if (!sections.includes(only)) throw new NanosError('usage', `The bench of ${what} has no section ${only}: it has ${sections.join(', ')}`);
}

async function loadBench(what: string): Promise<Bench> {
  if (what === 'apps') {
    const module: { readonly appsBench: Bench } = await importBench('apps-bench.ts');
    return module.appsBench;
  }
  if (what === 'agents') {
    const module: { readonly agentsBench: Bench } = await importBench('agents-bench.ts');
    return module.agentsBench;
  }
  if (what === 'models') {
    const module: { readonly modelsBench: Bench } = await importBench('models-bench.ts');
    return module.modelsBench;
  }
  if (what === 'density') {
    const module: { readonly densityBench: Bench } = await importBench('density-bench.ts');
    return module.densityBench;
  }
  if (what === 'soak') {
    const module: { readonly soakBench: Bench } = await importBench('soak-bench.ts');
    return module.soakBench;
  }
  if (what === 'hostile') {
    const module: { readonly hostileBench: Bench } = await importBench('hostile-bench.ts');
    return module.hostileBench;
  }
  const module: { readonly manifestBench: (path: string, options: BenchOptions) => Promise<string> } = await importBench('manifest-bench.ts');
  return (options) => module.manifestBench(what, options);
}

async function importBench<T>(name: string): Promise<T> {
  // The same way up from src/cli/commands and from dist/cli/commands.
  const file = new URL(`../../../bench/${name}`, import.meta.url);
  if (!existsSync(file)) throw new NanosError('usage', 'The published package has no bench in it: run npm run bench in a clone of the nanos repository');
  return (await import(file.href)) as T;
}
