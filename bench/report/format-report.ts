import { printTable } from '../../src/cli/print-table.ts';
import type { MachineFacts } from '../measure/machine-facts.ts';
import { describeMachine } from './describe-machine.ts';
import { describeTargets, summarizeTargets } from './describe-targets.ts';
import { ratio, SECTION_NAMES, type Figure, type SectionName } from './figure.ts';
import { markdownTable } from './markdown-table.ts';
import { round } from './round.ts';

export interface Report {
  readonly machine: MachineFacts & { readonly workerd: string };
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
  'web-api': 'Parts of the web API, in a warm isolate',
};
const HEADING = ['measure', 'nanos', 'workerd', 'node:http', '÷ workerd', '÷ node', 'target'];

export function formatTerminal(report: Report): string {
  const sections = sectionsOf(report).map(([title, figures]) => `${title}\n\n${printTable(HEADING, figures.map(row))}`);
  return [`\n${heading(report)}\n`, ...sections, ...report.notes.map((note) => `- ${note}`), summarizeTargets(report.figures), ''].join('\n');
}

export function formatMarkdown(report: Report): string {
  const sections = sectionsOf(report).map(([title, figures]) => `### ${title}\n\n${markdownTable(HEADING, figures.map(row))}\n`);
  return [heading(report), '', ...sections, ...report.notes.map((note) => `- ${note}`), '', summarizeTargets(report.figures), ''].join('\n');
}

function sectionsOf({ figures }: Report): [string, Figure[]][] {
  return SECTION_NAMES.map((name): [string, Figure[]] => [TITLES[name], figures.filter(({ section }) => section === name)]).filter(([, all]) => all.length > 0);
}

function row(figure: Figure): string[] {
  const { name, unit, values, targets } = figure;
  const cell = (value: number | undefined): string => (value === undefined ? '-' : `${round(value)} ${unit}`);
  const times = (value: number | undefined): string => (value === undefined ? '-' : `${round(value)}×`);
  return [name, cell(values.nanos), cell(values.workerd), cell(values.node), times(ratio(figure, 'workerd')), times(ratio(figure, 'node')), describeTargets(targets)];
}

function heading({ machine, quick }: Report): string {
  return describeMachine(machine, `workerd: ${machine.workerd}`, quick);
}
