import type { JournalReader } from '../recording/journal-reader.ts';
import { runStartedMs } from '../recording/run-id.ts';
import type { RunStep } from '../recording/run-steps.ts';
import { summarize, type RunSummary } from '../recording/run-summary.ts';
import { printTable } from './print-table.ts';
import { printable } from './printable.ts';

const ARGUMENTS_SHOWN_MAX = 60;
const MESSAGE_SHOWN_MAX = 60;
const PAGE_BYTES = 65_536;

/** A table of runs, for a terminal. */
export function describeRuns(runs: readonly RunSummary[]): string {
  if (runs.length === 0) return 'No runs. Start one: nanos run MANIFEST\n';
  const rows = runs.map(({ id, name, startedMs, status, steps, bytes, message }) => [
    id,
    oneLine(name),
    startedText(startedMs),
    status,
    String(steps),
    bytesText(bytes),
    shorten(oneLine(message), MESSAGE_SHOWN_MAX),
  ]);
  return printable(printTable(['RUN', 'AGENT', 'STARTED', 'STATUS', 'STEPS', 'SIZE', 'MESSAGE'], rows));
}

/** What a run is and how it ended, a line each. */
export function describeRun(reader: JournalReader): string {
  const { id, goal, module, meter, engine, fork } = reader.run.head;
  const { name, status, message, steps } = summarize(reader);
  const rest = reader.lastRest()?.entry.head;
  const lines: [string, string | undefined][] = [
    ['run', id],
    ['agent', name],
    ['goal', shorten(oneLine(goal), 200)],
    ['started', startedText(runStartedMs(id))],
    ['status', message === '' ? status : `${status}: ${oneLine(message)}`],
    ['fork of', fork === undefined ? undefined : `${fork.run} at step ${fork.step}`],
    ['module', `${module.slice(0, 16)}, meter ${meter}, ${engine}`],
    ['steps', String(steps)],
    ['fuel', rest?.fuel],
    ['memory', rest === undefined ? undefined : bytesText(rest.memoryPages * PAGE_BYTES)],
    ['tokens', rest === undefined || rest.tokens === 0 ? undefined : String(rest.tokens)],
  ];
  return printable(lines.flatMap(([label, value]) => (value === undefined ? [] : [`${label.padEnd(8)} ${value}\n`])).join(''));
}

/** A table of steps, for a terminal. */
export function describeSteps(steps: readonly RunStep[]): string {
  if (steps.length === 0) return 'No steps\n';
  const rows = steps.map((step) => [
    step.step === undefined ? '-' : String(step.step),
    step.syscall,
    shorten(oneLine(step.arguments), ARGUMENTS_SHOWN_MAX) + (step.argumentBytes === 0 ? '' : ` + ${bytesText(step.argumentBytes)}`) + (step.edited === true ? ', edited' : ''),
    resultText(step),
    step.fuel ?? '-',
    step.memoryPages === undefined ? '-' : bytesText(step.memoryPages * PAGE_BYTES),
    step.latencyUs === undefined ? '-' : latencyText(step.latencyUs),
  ]);
  return printable(printTable(['STEP', 'SYSCALL', 'ARGUMENTS', 'RESULT', 'FUEL', 'MEMORY', 'LATENCY'], rows));
}

function resultText({ status, code, resultBytes }: RunStep): string {
  if (status === 'result') return bytesText(resultBytes);
  return code === undefined ? status : `${status} ${oneLine(code)}`;
}

function startedText(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace(/\.\d+Z$/u, 'Z');
}

function latencyText(us: number): string {
  if (us < 1_000) return `${Math.round(us)} µs`;
  return us < 1_000_000 ? `${(us / 1_000).toFixed(1)} ms` : `${(us / 1_000_000).toFixed(1)} s`;
}

/** Sizes go by 1,024. */
export function bytesText(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  return bytes < 1_048_576 ? `${(bytes / 1_024).toFixed(1)} KB` : `${(bytes / 1_048_576).toFixed(1)} MB`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, ' ');
}

function shorten(text: string, charactersMax: number): string {
  const characters = Array.from(text.slice(0, charactersMax * 2));
  return characters.length <= charactersMax ? characters.join('') : `${characters.slice(0, charactersMax - 1).join('')}…`;
}
