import { Command, InvalidArgumentError, Option } from 'commander';
import { mapAgentStack } from '../../agents/compile/map-agent-stack.ts';
import { forkRun } from '../../agents/run/fork-run.ts';
import { lastingEffects } from '../../agents/run/lasting-effects.ts';
import { recordedModule } from '../../agents/run/recorded-module.ts';
import { readRecordedManifest } from '../../agents/run/recorded-manifest.ts';
import { replayRun } from '../../agents/run/replay-run.ts';
import type { RunEnvironment } from '../../agents/run/run-environment.ts';
import { DivergenceError } from '../../agents/run/divergence.ts';
import { NanosError } from '../../protocol/errors.ts';
import { JournalReader } from '../../recording/journal-reader.ts';
import { RunStore } from '../../recording/run-store.ts';
import { agentConsole, noteTo, type MapText } from '../agent-console.ts';
import { carryOn } from '../carry-on.ts';
import type { CliIo } from '../cli-io.ts';
import { CommandFailed } from '../command-failed.ts';
import { forkFolder } from '../fork-folder.ts';
import { printJson } from '../print-json.ts';
import { printable } from '../printable.ts';
import { runHost } from '../run-host.ts';
import { recordedLiterals, runSecrets } from '../run-secrets.ts';
import { addRunOptions, parseJson, showResult, uncertainRule, untilStopped, type RunOptions } from '../run-options.ts';
import { showProgress } from '../show-progress.ts';
import { showGrant } from './run.ts';

interface Options extends RunOptions {
  readonly at?: number;
  readonly edit?: unknown;
  readonly goal?: string;
  readonly folder?: string;
}

const EFFECTS_SHOWN_MAX = 20;

const EXAMPLES = `
RUN is the id of a run, the beginning of one, last, or the path of an exported recording.
A replay touches nothing outside: the agent is given what is on record, and whatever it does otherwise than then is reported.

With --at the run is forked: what came before that step is as it was, and from there on the agent runs live, as a new run.
An --edit is JSON: a string is the text that the step returns, {"error": {"code": …, "message": …}} an error, {"head": …, "body": "…"} a response,
anything else the JSON that it returns.

Examples:
  nanos replay last
  nanos replay run.sqlite --json
  nanos replay last --at 3 --edit '"another answer"'
  nanos replay last --goal "find something else"
  nanos replay run.sqlite --at 3 --folder .`;

export function replayCommand(io: CliIo): Command {
  return addRunOptions(new Command('replay').description('replay a recorded run, or fork it at a step'))
    .argument('<run>', 'the run')
    .option('--at <step>', 'fork at this step, counted from 1; 0 is before the first', parseStep)
    .addOption(new Option('--edit <json>', 'the result of that step, in place of making the call again').argParser(parseJson))
    .option('--goal <text>', 'what the fork is told when it asks for its goal; without --at it starts from the beginning')
    .option('--folder <dir>', 'the folder that the fork may work in, in place of the recorded one; needed when the run was recorded elsewhere')
    .addHelpText('after', EXAMPLES)
    .action((reference: string, options: Options) => {
      const forks = options.at !== undefined || options.goal !== undefined;
      if (options.edit !== undefined && (options.at ?? 0) === 0) throw new NanosError('usage', '--edit needs the step whose result it replaces: --at STEP');
      if (!forks && (options.retry === true || options.skipWith !== undefined)) throw new NanosError('usage', '--retry and --skip-with are for forks: add --at STEP');
      if (!forks && options.folder !== undefined) throw new NanosError('usage', '--folder is for forks: add --at STEP');
      return untilStopped(io, (signal) => withReader(reference, options, (reader) => (forks ? fork(reader, options, signal, io) : replay(reader, options, signal, io))));
    });
}

async function withReader(reference: string, { data }: Options, work: (reader: JournalReader) => Promise<void>): Promise<void> {
  const reader = JournalReader.open(new RunStore(data).find(reference));
  try {
    await work(reader);
  } finally {
    reader.close();
  }
}

async function replay(reader: JournalReader, options: Options, signal: AbortSignal, io: CliIo): Promise<void> {
  reader.verify(showProgress('checking', io.stderr));
  const module = await recordedModule(reader, options.data);
  const { id, name } = reader.run.head;
  try {
    const { end, message, entries, steps, fuel } = await replayRun(reader, module, { onProgress: showProgress('replaying', io.stderr), signal });
    if (options.json === true) io.stdout.write(printJson({ run: id, name, same: true, end: end ?? 'interrupted', message, steps, fuel: Number(fuel), entries }, 2));
    else io.stdout.write(printable(`${id} went as recorded: ${steps} steps, ${fuel} fuel, ${entries} entries, ${end === undefined ? 'interrupted' : `end ${end}`}\n`));
  } catch (error) {
    if (!(error instanceof DivergenceError) || options.json !== true) throw error;
    io.stdout.write(printJson({ run: id, name, same: false, ...error.divergence }, 2));
    throw new CommandFailed(error.code);
  }
}

async function fork(reader: JournalReader, options: Options, signal: AbortSignal, io: CliIo): Promise<void> {
  const { at: step = 0, edit, goal } = options;
  const recorded = readRecordedManifest(reader.run.head.manifest);
  const folder = forkFolder(reader, recorded, options);
  const module = await recordedModule(reader, options.data, { keeps: true });
  const manifest = { ...recorded, goal: goal ?? recorded.goal, folder: folder ?? recorded.folder };
  showGrant(manifest, io.stderr);
  const mapText: MapText = (text) => mapAgentStack(module.bytes, text);
  // Of a recording from elsewhere, a stranger says where the manifest is.
  const secrets = runSecrets(manifest, folder === undefined ? await recordedLiterals(manifest) : new Map(), io.environment);
  const environment = runHost(options, { signal, watcher: agentConsole(io.stderr, mapText), secrets, note: noteTo(io.stderr), readOnlyPaths: [] });
  showLastingEffects(reader, step, environment, io);
  const run = forkRun(reader, module, { step, edit, goal, folder, uncertain: uncertainRule(options) }, environment);
  const { id, file, module: forked } = run;
  const result = await carryOn({ file, module: forked, environment, uncertain: uncertainRule(options) }, await run.result, io);
  showResult({ id, name: manifest.name, file }, result, mapText, options, io);
}

/** What the fork begins with is not what the step began with. */
function showLastingEffects(reader: JournalReader, step: number, { handlers }: RunEnvironment, io: CliIo): void {
  let shown = 0;
  for (const { step: at, name, what } of lastingEffects(reader, step, handlers)) {
    if (shown++ === EFFECTS_SHOWN_MAX) {
      io.stderr.write('not undone: …\n');
      return;
    }
    io.stderr.write(printable(`not undone: step ${at}, ${name} ${what}\n`));
  }
}

function parseStep(text: string): number {
  if (!/^\d{1,9}$/u.test(text)) throw new InvalidArgumentError('It must be a whole number from 0.');
  return Number(text);
}
