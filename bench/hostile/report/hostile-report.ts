/** The scoreboard as data, and as text. */
import type { MachineFacts } from '../../measure/machine-facts.ts';
import { describeMachine } from '../../report/describe-machine.ts';
import { markdownTable } from '../../report/markdown-table.ts';
import type { Program } from '../read-programs.ts';
import type { PeerScore } from '../run/on-workerd.ts';
import type { Score } from '../run/score.ts';
import type { VictimFigures } from '../victim/load-messages.ts';

export interface Row {
  readonly program: Pick<Program, 'name' | 'group' | 'mechanism' | 'defence' | 'openBecause'>;
  readonly isContained: boolean;
  readonly escapes: readonly string[];
  readonly outcomes: Readonly<Record<string, number>>;
  readonly victim: VictimFigures;
  /** the victim's p99 against its quiet one */
  readonly p99Ratio: number;
  readonly healthyMs: number;
  readonly grownMb: number;
  /** undefined: does not apply, or workerd is not there */
  readonly workerd: PeerScore | undefined;
}

export interface HostileReport {
  readonly machine: MachineFacts;
  readonly workerd: string;
  readonly quick: boolean;
  readonly quiet: VictimFigures;
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

export function toRow({ program, escapes, outcomes, victim, healthyMs, grownMb }: Score, quiet: VictimFigures, workerd: PeerScore | undefined): Row {
  return { program, isContained: escapes.length === 0, escapes, outcomes: Object.fromEntries(outcomes), victim, p99Ratio: quiet.p99Ms === 0 ? 0 : victim.p99Ms / quiet.p99Ms, healthyMs, grownMb, workerd };
}

const HEADINGS = ['program', 'contained', 'how it ended', 'victim failed', 'victim p99, ms', '× quiet', 'healthy, ms', 'grown, MB', 'workerd'];

function cells(row: Row): string[] {
  const { program, isContained, outcomes, victim, p99Ratio, healthyMs, grownMb, workerd } = row;
  const contained = isContained ? 'yes' : program.openBecause === undefined ? 'NO' : 'open';
  const ended = Object.entries(outcomes).map(([kind, times]) => (times === 1 ? kind : `${kind} ×${times}`));
  return [
    program.name,
    contained,
    ended.join(', '),
    `${victim.failures.length} of ${victim.requests}`,
    victim.p99Ms.toFixed(0),
    p99Ratio.toFixed(1),
    healthyMs.toFixed(0),
    grownMb.toFixed(0),
    workerd === undefined ? '' : workerd.isContained ? 'contained' : workerd.why,
  ];
}

function summary({ rows, quiet }: HostileReport): string[] {
  const contained = rows.filter(({ isContained }) => isContained).length;
  const compared = rows.flatMap((row) => row.workerd ?? []);
  const cpu = rows.filter(({ program }) => program.group === 'cpu').map(({ p99Ratio }) => p99Ratio);
  return [
    `${contained} of ${rows.length} contained; victim: ${rows.reduce((total, { victim }) => total + victim.failures.length, 0)} failed requests of ${rows.reduce((total, { victim }) => total + victim.requests, 0)}, quiet p50 ${quiet.p50Ms.toFixed(1)} ms, p99 ${quiet.p99Ms.toFixed(1)} ms`,
    ...(cpu.length === 0 ? [] : [`cpu: the victim's p99 at most ${Math.max(...cpu).toFixed(1)} × quiet, target 3`]),
    ...(compared.length === 0 ? [] : [`workerd: ${compared.filter(({ isContained }) => isContained).length} of ${compared.length} contained`]),
  ];
}

function headline({ machine, workerd, quick }: HostileReport): string {
  return describeMachine(machine, `workerd: ${workerd}`, quick);
}

function escapeLines(rows: readonly Row[]): string[] {
  return rows.filter(({ isContained }) => !isContained).map(({ program, escapes }) => `${program.name}: ${escapes.join('; ')}${program.openBecause === undefined ? '' : ` (open: ${program.openBecause})`}`);
}

export function formatHostileMarkdown(report: HostileReport): string {
  const table = markdownTable(HEADINGS, report.rows.map((row) => cells(row).map((text) => text.replaceAll('|', '\\|'))));
  return [headline(report), '', ...summary(report), '', table, '', ...escapeLines(report.rows), ...report.notes, ''].join('\n');
}

export function formatHostileTerminal(report: HostileReport): string {
  const lines = [HEADINGS, ...report.rows.map((row) => cells(row))];
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const table = lines.map((line) => line.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
  return [headline(report), ...table, '', ...summary(report), ...escapeLines(report.rows), ...report.notes, ''].join('\n');
}
