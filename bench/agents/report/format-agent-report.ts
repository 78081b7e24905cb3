import { printTable } from '../../../src/cli/print-table.ts';
import type { MachineFacts } from '../../measure/machine-facts.ts';
import { describeMachine } from '../../report/describe-machine.ts';
import { describeTargets, summarizeTargets } from '../../report/describe-targets.ts';
import { markdownTable } from '../../report/markdown-table.ts';
import { round } from '../../report/round.ts';
import { AGENT_SECTION_NAMES, type AgentFigure, type AgentSectionName } from './agent-figure.ts';

export interface AgentReport {
  readonly machine: MachineFacts;
  /** what was measured beside nanos, and its version */
  readonly peer: string;
  readonly quick: boolean;
  readonly figures: readonly AgentFigure[];
  /** what was done, and what could not be */
  readonly notes: readonly string[];
}

const TITLES: Readonly<Record<AgentSectionName, string>> = {
  boot: 'From nothing to the first word of the agent',
  calls: 'Syscalls',
  memory: 'Memory of an agent that waits',
  metering: 'What metering costs',
  snapshots: 'Snapshots, taken at each rest, and restored',
  recordings: 'Recordings',
};
const HEADING = ['measure', 'p50', 'p99', 'n', 'beside it', 'target'];

export function formatAgentTerminal(report: AgentReport): string {
  return format(report, (title, rows) => `${title}\n\n${printTable(HEADING, rows)}`);
}

export function formatAgentMarkdown(report: AgentReport): string {
  return format(report, (title, rows) => `### ${title}\n\n${markdownTable(HEADING, rows)}\n`);
}

function format({ machine, peer, quick, figures, notes }: AgentReport, table: (title: string, rows: string[][]) => string): string {
  const tables = AGENT_SECTION_NAMES.flatMap((name) => {
    const own = figures.filter(({ section }) => section === name);
    return own.length === 0 ? [] : [table(TITLES[name], own.map(row))];
  });
  return [`${describeMachine(machine, peer, quick)}\n`, ...tables, ...notes.map((note) => `- ${note}`), '', summarizeTargets(figures), ''].join('\n');
}

function row({ name, unit, value, p99, samples, beside, targets }: AgentFigure): string[] {
  const amount = (figure: number): string => (unit === '×' ? `${round(figure)}×` : `${round(figure)} ${unit}`);
  const others = beside.map((other) => `${other.name}: ${amount(other.value)} (${round(value / other.value)}×)`);
  return [name, amount(value), p99 === undefined ? '' : amount(p99), samples.toLocaleString('en'), others.join(', '), describeTargets(targets)];
}
