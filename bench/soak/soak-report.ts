import { printTable } from '../../src/cli/print-table.ts';
import type { MachineFacts } from '../measure/machine-facts.ts';
import { quantile } from '../measure/quantile.ts';
import { describeMachine } from '../report/describe-machine.ts';
import { describeTargets } from '../report/describe-targets.ts';
import type { Target } from '../report/figure.ts';
import { markdownTable } from '../report/markdown-table.ts';
import { round } from '../report/round.ts';
import type { SoakLook } from './soak-process.ts';

export interface SoakReport {
  readonly machine: MachineFacts;
  readonly quick: boolean;
  readonly looks: readonly SoakLook[];
  readonly seconds: number;
}

const MB = 1024 * 1024;
const GROWTH_PART_MAX = 0.05;

interface Growth {
  readonly bytes: number;
  readonly bytesPerIsolate: number;
  readonly target: Target;
}

/**
 * How much larger the process was over the last quarter of the looks than over the second, in medians: the first one fills caches and the C library's
 * free lists, and each look comes upon garbage that is not collected yet.
 */
export function growthOf(looks: readonly SoakLook[]): Growth {
  const quarter = Math.floor(looks.length / 4);
  if (quarter === 0) throw new Error('The process was looked at less than four times');
  const warm = looks.slice(quarter, 2 * quarter);
  const last = looks.slice(-quarter);
  const median = (of: readonly SoakLook[]): number => quantile(of.map(({ rssBytes }) => rssBytes), 0.5);
  const bytes = median(last) - median(warm);
  const isolates = last[0]!.isolates - warm[0]!.isolates;
  return { bytes, bytesPerIsolate: bytes / isolates, target: { text: `flat within ${GROWTH_PART_MAX * 100} %`, isMet: bytes <= GROWTH_PART_MAX * median(warm) } };
}

export function formatSoakTerminal(report: SoakReport): string {
  return format(report, (heading, rows) => printTable([...heading], rows));
}

export function formatSoakMarkdown(report: SoakReport): string {
  return format(report, (heading, rows) => `${markdownTable(heading, rows)}\n`);
}

function format({ machine, quick, looks, seconds }: SoakReport, table: (heading: readonly string[], rows: string[][]) => string): string {
  const { bytes, bytesPerIsolate, target } = growthOf(looks);
  const rows = looks.map(({ isolates, rssBytes }) => [isolates.toLocaleString('en'), round(rssBytes / MB)]);
  return [
    `${describeMachine(machine, `${round(seconds)} s`, quick)}\n`,
    table(['isolates started and evicted', 'resident memory, MB'], rows),
    `Growth from the second quarter to the last: ${round(bytes / MB)} MB, ${round(bytesPerIsolate)} bytes an isolate; ${describeTargets([target])}`,
    '',
  ].join('\n');
}
