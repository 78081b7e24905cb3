import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { RunEntry } from '../../protocol/agent/recording.ts';
import { NanosError } from '../../protocol/errors.ts';
import { JournalReader } from '../../recording/journal-reader.ts';
import { runStartedMs } from '../../recording/run-id.ts';
import { RunStore } from '../../recording/run-store.ts';
import { runSteps } from '../../recording/run-steps.ts';
import { summarize, type RunSummary } from '../../recording/run-summary.ts';
import { ModuleCache } from '../../sandbox/wasm/module-cache.ts';
import type { CliIo } from '../cli-io.ts';
import { describeApproval } from '../describe-approval.ts';
import { describeRun, describeRuns, describeSteps } from '../describe-run.ts';
import { printJson } from '../print-json.ts';
import { printable } from '../printable.ts';
import { approvalsOf } from '../read-approvals.ts';
import { showProgress } from '../show-progress.ts';

interface Options {
  readonly data: string;
  readonly json?: boolean;
}

interface ListOptions extends Options {
  readonly limit: number;
}

interface ShowOptions extends Options {
  readonly verify?: boolean;
}

interface ExportOptions extends Options {
  readonly output?: string;
}

const EXAMPLES = `
RUN is the id of a run, the beginning of one, last, or the path of a recording.
All take --data DIR (the data directory, .nanos) and --json.

Examples:
  nanos runs
  nanos runs list --limit 10 --json
  nanos runs show last --verify
  nanos runs export last -o run.sqlite        (or --output)
  nanos runs import run.sqlite --data /srv/nanos
  nanos runs delete 01m80zen4f`;

export function runsCommand(io: CliIo): Command {
  const runs = new Command('runs').description('list, show, move and delete recordings of agent runs').addHelpText('after', EXAMPLES);
  runs.hook('preSubcommand', (command, subcommand) => void subcommand.copyInheritedSettings(command));
  runs.addCommand(listCommand(io), { isDefault: true });
  for (const create of [showCommand, exportCommand, importCommand, deleteCommand]) runs.addCommand(create(io));
  return runs;
}

function withOptions(command: Command): Command {
  return command.option('--data <dir>', 'data directory', '.nanos').option('--json', 'print JSON');
}

function listCommand(io: CliIo): Command {
  return withOptions(new Command('list').description('list runs, the newest first'))
    .option('--limit <count>', 'at most so many', parseCount, 50)
    .action((options: ListOptions) => {
      const runs: RunSummary[] = [];
      for (const run of new RunStore(options.data).list()) {
        if (runs.length === options.limit) break;
        runs.push(run);
      }
      io.stdout.write(options.json === true ? printJson(runs.map(summaryJson), 2) : describeRuns(runs));
    });
}

function showCommand(io: CliIo): Command {
  return withOptions(new Command('show').description('print what a run is and each of its steps'))
    .argument('<run>', 'the run')
    .option('--verify', 'check every entry first')
    .action((reference: string, options: ShowOptions) => {
      const reader = JournalReader.open(new RunStore(options.data).find(reference));
      try {
        if (options.verify === true) verify(reader, io);
        if (options.json === true) io.stdout.write(printJson({ ...reader.run.head, ...summaryOf(reader), steps: [...runSteps(reader)], approvals: approvalsOf(reader) }, 2));
        else io.stdout.write(`${describeRun(reader)}\n${describeSteps([...runSteps(reader)])}${describeWaiting(reader)}`);
      } finally {
        reader.close();
      }
    });
}

function describeWaiting(reader: JournalReader): string {
  const approvals = approvalsOf(reader);
  return approvals.length === 0 ? '' : `\nwaits for approval (nanos approve):\n${approvals.map(describeApproval).join('')}`;
}

function verify(reader: JournalReader, io: CliIo): void {
  const { entries } = reader.verify(showProgress('checking', io.stderr));
  io.stderr.write(`All ${entries} entries are as they were written\n`);
}

function exportCommand(io: CliIo): Command {
  return withOptions(new Command('export').description('write a run to one file, from which it can be replayed anywhere'))
    .argument('<run>', 'the run')
    .option('-o, --output <file>', 'the file; else RUN-ID.sqlite')
    .action(async (reference: string, options: ExportOptions) => {
      const store = new RunStore(options.data);
      const { id } = openHead(store.find(reference));
      const file = options.output ?? `${id}.sqlite`;
      await store.export(reference, file, (run) => readModule(options.data, run), showProgress('exporting', io.stderr));
      if (options.json === true) io.stdout.write(printJson({ id, file }, 2));
      else io.stderr.write(printable(`The run ${id} is in ${file}\n`));
    });
}

function importCommand(io: CliIo): Command {
  return withOptions(new Command('import').description('check an exported run and take it in'))
    .argument('<file>', 'an exported run')
    .action(async (file: string, options: Options) => {
      const id = await new RunStore(options.data).import(file, showProgress('importing', io.stderr));
      if (options.json === true) io.stdout.write(printJson({ id }, 2));
      else io.stderr.write(`The run ${id} is on record\n`);
    });
}

function deleteCommand(io: CliIo): Command {
  return withOptions(new Command('delete').description('delete runs that are not under way'))
    .argument('<run...>', 'ids of runs, the beginnings of ids, or last')
    .action((references: string[], options: Options) => {
      const store = new RunStore(options.data);
      const deleted = references.map((reference) => store.delete(reference));
      if (options.json === true) io.stdout.write(printJson({ deleted }, 2));
      else io.stderr.write(deleted.map((id) => `The run ${id} is deleted\n`).join(''));
    });
}

/** The module as it was given. */
function readModule(dataFolder: string, { source }: RunEntry['head']): Promise<Uint8Array> {
  const folder = join(dataFolder, 'modules');
  return new ModuleCache(folder).original(source).catch((cause: unknown) => {
    throw new NanosError('not_found', `The module of the run is not, or not whole, in ${folder}, and without it the run can't be replayed. Run the agent once more with this --data directory`, { cause });
  });
}

function openHead(file: string): RunEntry['head'] {
  const reader = JournalReader.open(file);
  reader.close();
  return reader.run.head;
}

function summaryOf(reader: JournalReader): Record<string, unknown> {
  const { status, message } = summarize(reader);
  return { started: new Date(runStartedMs(reader.run.head.id)).toISOString(), status, message };
}

function summaryJson({ startedMs, ...run }: RunSummary): Record<string, unknown> {
  return { ...run, started: new Date(startedMs).toISOString() };
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/u.test(text)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(text);
}
