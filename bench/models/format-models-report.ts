import { printTable } from '../../src/cli/print-table.ts';
import type { MachineFacts } from '../measure/machine-facts.ts';
import { describeMachine } from '../report/describe-machine.ts';
import { describeTargets, summarizeTargets } from '../report/describe-targets.ts';
import { markdownTable } from '../report/markdown-table.ts';
import { round } from '../report/round.ts';
import { MODEL_SECTION_NAMES, type ModelFigure, type ModelSectionName } from './model-figure.ts';

export interface ModelsReport {
  readonly machine: MachineFacts;
  /** the model that was measured */
  readonly model: string;
  readonly quick: boolean;
  readonly figures: readonly ModelFigure[];
  /** what was done, and what could not be */
  readonly notes: readonly string[];
}

const TITLES: Readonly<Record<ModelSectionName, string>> = {
  throughput: 'Tokens a second, through nanos and through node-llama-cpp by itself',
  apps: 'Agents that generate without a pause, and an app’s requests beside them',
  start: 'From a command to the model’s word',
};
const HEADING = ['measure', 'p50', 'p99', 'n', 'bare', 'of bare', 'target'];

export function formatModelsTerminal(report: ModelsReport): string {
  return format(report, (title, rows) => `${title}\n\n${printTable(HEADING, rows)}`);
}

export function formatModelsMarkdown(report: ModelsReport): string {
  return format(report, (title, rows) => `### ${title}\n\n${markdownTable(HEADING, rows)}\n`);
}

function format({ machine, model, quick, figures, notes }: ModelsReport, table: (title: string, rows: string[][]) => string): string {
  const tables = MODEL_SECTION_NAMES.flatMap((name) => {
    const own = figures.filter(({ section }) => section === name);
    return own.length === 0 ? [] : [table(TITLES[name], own.map(row))];
  });
  return [`${describeMachine(machine, model, quick)}\n`, ...tables, ...notes.map((note) => `- ${note}`), '', summarizeTargets(figures), ''].join('\n');
}

function row({ name, unit, value, p99, samples, bare, targets }: ModelFigure): string[] {
  const amount = (figure: number | undefined): string => (figure === undefined ? '' : `${round(figure)} ${unit}`);
  return [name, amount(value), amount(p99), String(samples), amount(bare), bare === undefined ? '' : `${round(value / bare)}×`, describeTargets(targets)];
}
