import { printTable } from '../../src/cli/print-table.ts';
import type { MachineFacts } from '../measure/machine-facts.ts';
import { ratio, SECTION_NAMES, type Figure, type SectionName } from './figure.ts';

export interface Report {
  readonly machine: MachineFacts;
  readonly quick: boolean;
  readonly figures: readonly Figure[];
  /** what was done, and what could not be */
  readonly notes: readonly string[];
}

const TITLES: Readonly<Record<SectionName, string>> = {
  cold: 'Cold start: the first request to an app, on a new connection',
  memory: 'Memory of a resident app',
  throughput: 'Throughput, 32 connections',
  idle: 'Deployed apps that nobody calls',
};
const HEADING = ['measure', 'nanos', 'workerd', 'node:http', '÷ workerd', '÷ node', 'target'];

export function formatTerminal(report: Report): string {
  const sections = sectionsOf(report).map(([title, figures]) => `${title}\n\n${printTable(HEADING, figures.map(row))}`);
  return [`\n${describeMachine(report)}\n`, ...sections, ...report.notes.map((note) => `- ${note}`), summary(report), ''].join('\n');
}

export function formatMarkdown(report: Report): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const table = (figures: readonly Figure[]): string => [line(HEADING), line(HEADING.map((_, column) => (column === 0 ? '---' : '---:'))), ...figures.map((figure) => line(row(figure)))].join('\n');
  const sections = sectionsOf(report).map(([title, figures]) => `### ${title}\n\n${table(figures)}\n`);
  return [describeMachine(report), '', ...sections, ...report.notes.map((note) => `- ${note}`), '', summary(report), ''].join('\n');
}

function sectionsOf({ figures }: Report): [string, Figure[]][] {
  return SECTION_NAMES.map((name): [string, Figure[]] => [TITLES[name], figures.filter(({ section }) => section === name)]).filter(([, all]) => all.length > 0);
}

function describeMachine({ machine, quick }: Report): string {
  const { processor, cores, memoryGb, system, node, workerd } = machine;
  return `${processor}, ${cores} cores, ${memoryGb} GB, ${system}; Node.js ${node}; workerd: ${workerd}${quick ? '; quick run, small samples' : ''}`;
}

function row(figure: Figure): string[] {
  const { name, unit, values, targets } = figure;
  const cell = (value: number | undefined): string => (value === undefined ? '-' : `${round(value)} ${unit}`);
  const times = (value: number | undefined): string => (value === undefined ? '-' : `${round(value)}×`);
  const met = targets.map(({ text, isMet }) => `${text} ${isMet ? 'met' : 'MISSED'}`).join(', ');
  return [name, cell(values.nanos), cell(values.workerd), cell(values.node), times(ratio(figure, 'workerd')), times(ratio(figure, 'node')), met];
}

/** Three digits. */
export function round(value: number): string {
  if (value >= 100) return value.toLocaleString('en', { maximumFractionDigits: 0 });
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}

function summary({ figures }: Report): string {
  const targets = figures.flatMap((figure) => figure.targets);
  return `${targets.filter(({ isMet }) => isMet).length} of ${targets.length} targets met`;
}
