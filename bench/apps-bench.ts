import { BenchScope } from './bench-scope.ts';
import type { BenchSection } from './bench-run.ts';
import { FULL, QUICK } from './bench-size.ts';
import { machineFacts } from './measure/machine-facts.ts';
import { SECTION_NAMES, type Figure, type SectionName } from './report/figure.ts';
import { formatMarkdown, formatTerminal, type Report } from './report/format-report.ts';
import { coldAndMemory } from './sections/cold-and-memory.ts';
import { idle } from './sections/idle.ts';
import { throughput } from './sections/throughput.ts';
import { webApi } from './sections/web-api.ts';
import { findWorkerd, type Workerd } from './servers/find-workerd.ts';
import { trySection } from './try-section.ts';
import type { BenchOptions } from '../src/cli/commands/bench.ts';

/** The sections in the order in which they run, each with the code that measures it. */
const SECTIONS: readonly (readonly [readonly SectionName[], BenchSection])[] = [
  [['throughput'], throughput],
  [['cold', 'memory'], coldAndMemory],
  [['idle'], idle],
  [['web-api'], webApi],
];

/** Measures nanos, workerd and node:http side by side, and returns the report as text. Leaves no process and no file, except workerd's program. */
export async function appsBench(options: BenchOptions): Promise<string> {
  if (process.platform !== 'linux') throw new Error('The bench reads CPU and memory from /proc: it runs on Linux');
  const report = await measure(options);
  if (options.format === 'json') return `${JSON.stringify(report, undefined, 2)}\n`;
  return options.format === 'markdown' ? formatMarkdown(report) : formatTerminal(report);
}

async function measure({ quick, only, say, signal }: BenchOptions): Promise<Report> {
  const notes: string[] = [];
  const workerd = workerdIfThere(say, notes);
  const shared = { size: quick ? QUICK : FULL, workerd: workerd?.program, say, note: (text: string) => void notes.push(text) };
  const figures: Figure[] = [];
  for (const [names, section] of SECTIONS) {
    signal.throwIfAborted();
    if (names.some((name) => isWanted(name, only))) figures.push(...(await trySection(names.join(' and '), section, { ...shared, scope: new BenchScope(signal) })));
  }
  if (figures.length === 0) throw new Error(notes.at(-1));
  return { machine: { ...machineFacts(), workerd: workerd?.version ?? 'not installed' }, quick, figures: figures.filter(({ section }) => isWanted(section, only)), notes };
}

function isWanted(name: SectionName, only: BenchOptions['only']): boolean {
  if (only !== undefined && !SECTION_NAMES.some((known) => known === only)) throw new Error(`There is no section ${only}`);
  return only === undefined || only === name;
}

function workerdIfThere(say: (text: string) => void, notes: string[]): Workerd | undefined {
  try {
    return findWorkerd();
  } catch (error) {
    const missing = `workerd is left out: ${error instanceof Error ? error.message : String(error)}`;
    notes.push(missing);
    say(missing);
    return undefined;
  }
}
