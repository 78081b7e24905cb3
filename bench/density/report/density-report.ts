import { printTable } from '../../../src/cli/print-table.ts';
import type { MachineFacts } from '../../measure/machine-facts.ts';
import { describeMachine } from '../../report/describe-machine.ts';
import { describeTargets, summarizeTargets } from '../../report/describe-targets.ts';
import { markdownTable } from '../../report/markdown-table.ts';
import { round } from '../../report/round.ts';
import { DENSITY_SECTION_NAMES, type DensityFigure, type DensitySectionName, spreadOf } from './density-figure.ts';

export interface DensityReport {
  readonly machine: MachineFacts;
  readonly cells: number;
  readonly quick: boolean;
  /** what the values of a section's figures stand for, in their order: apps deployed, apps resident */
  readonly columns: Readonly<Record<DensitySectionName, readonly number[]>>;
  readonly figures: readonly DensityFigure[];
  /** what was done, and what could not be */
  readonly notes: readonly string[];
}

const TITLES: Readonly<Record<DensitySectionName, string>> = {
  deployed: 'Apps deployed, none called',
  residents: 'Apps resident',
};

export function formatDensityTerminal(report: DensityReport): string {
  return format(report, (title, heading, rows) => `${title}\n\n${printTable([...heading], rows)}`);
}

export function formatDensityMarkdown(report: DensityReport): string {
  return format(report, (title, heading, rows) => `### ${title}\n\n${markdownTable(heading, rows)}\n`);
}

function format({ machine, cells, quick, columns, figures, notes }: DensityReport, table: (title: string, heading: readonly string[], rows: string[][]) => string): string {
  const tables = DENSITY_SECTION_NAMES.flatMap((name) => {
    const own = figures.filter(({ section }) => section === name);
    const heading = ['measure', ...columns[name].map((count) => count.toLocaleString('en')), 'worst ÷ best', 'target'];
    return own.length === 0 ? [] : [table(TITLES[name], heading, own.map(row))];
  });
  return [`${describeMachine(machine, `cells: ${cells}`, quick)}\n`, ...tables, ...notes.map((note) => `- ${note}`), '', summarizeTargets(figures), ''].join('\n');
}

function row({ name, unit, values, targets }: DensityFigure): string[] {
  const spread = spreadOf(values);
  return [`${name}, ${unit}`, ...values.map((value) => (value === undefined ? '-' : round(value))), spread === undefined ? '' : `${round(spread)}×`, describeTargets(targets)];
}
