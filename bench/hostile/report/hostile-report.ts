/** The scoreboard as data, and as text. */
import type { MachineFacts } from '../../measure/machine-facts.ts';
import { describeMachine } from '../../report/describe-machine.ts';
import { describeTargets } from '../../report/describe-targets.ts';
import type { Target } from '../../report/figure.ts';
import { markdownTable } from '../../report/markdown-table.ts';
import { printTable } from '../../../src/cli/print-table.ts';
import { GROUPS, type Program } from '../read-programs.ts';
import type { PeerScore } from '../run/on-workerd.ts';
import type { Score } from '../run/score.ts';
import type { VictimFigures } from '../victim/load-messages.ts';

export interface Row {
  readonly program: Pick<Program, 'name' | 'group' | 'mechanism' | 'defence'>;
  readonly isContained: boolean;
  readonly escapes: readonly string[];
  readonly outcomes: Readonly<Record<string, number>>;
  readonly victim: VictimFigures;
  /** requests of the victim that failed or had to be sent again, those not counted that are documented to be lost with a cell */
  readonly failed: number;
  /** called for so long that its p99 says something */
  readonly isSustained: boolean;
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

/** `workerd` is added later, if at all. */
export function toRow({ program, escapes, outcomes, victim, losses, healthyMs, grownMb }: Score, quiet: VictimFigures, isSustained: boolean): Row {
  return {
    program,
    isContained: escapes.length === 0,
    escapes,
    outcomes: Object.fromEntries(outcomes),
    victim,
    failed: losses.length,
    isSustained,
    p99Ratio: quiet.p99Ms === 0 ? 0 : victim.p99Ms / quiet.p99Ms,
    healthyMs,
    grownMb,
    workerd: undefined,
  };
}

const P99_RATIO_MAX = 3;
const HEADINGS = ['program', 'contained', 'how it ended', 'victim failed', 'sent again', 'victim p99, ms', '× quiet', 'healthy, ms', 'grown, MB', 'workerd'];
const GROUP_HEADINGS = ['group', 'contained', 'victim failed', 'sent again', 'of both documented', 'worst p99 × quiet', 'slowest healthy, ms', 'workerd contained'];

function cells(row: Row): string[] {
  const { program, isContained, outcomes, victim, p99Ratio, healthyMs, grownMb, workerd } = row;
  const ended = Object.entries(outcomes).map(([kind, times]) => (times === 1 ? kind : `${kind} ×${times}`));
  return [
    program.name,
    isContained ? 'yes' : 'NO',
    ended.join(', '),
    `${victim.failures.length} of ${victim.requests}`,
    `${victim.retried}`,
    victim.p99Ms.toFixed(0),
    p99Ratio.toFixed(1),
    healthyMs.toFixed(0),
    grownMb.toFixed(0),
    workerd === undefined ? '' : workerd.isContained ? 'contained' : workerd.why,
  ];
}

function groupCells(group: string, rows: readonly Row[]): string[] {
  const failures = sum(rows, ({ victim }) => victim.failures.length);
  const retried = sum(rows, ({ victim }) => victim.retried);
  const sustained = rows.filter(({ isSustained }) => isSustained);
  return [
    group,
    `${rows.filter(({ isContained }) => isContained).length} of ${rows.length}`,
    `${failures} of ${sum(rows, ({ victim }) => victim.requests)}`,
    `${retried}`,
    `${failures + retried - sum(rows, ({ failed }) => failed)}`,
    sustained.length === 0 ? '' : worstRatio(sustained).toFixed(1),
    Math.max(...rows.map(({ healthyMs }) => healthyMs)).toFixed(0),
    onWorkerd(rows),
  ];
}

function groupTable({ rows }: HostileReport): string[][] {
  const groups = GROUPS.map((group) => [group, rows.filter(({ program }) => program.group === group)] as const).filter(([, own]) => own.length > 0);
  return [...groups, ['all', rows] as const].map(([group, own]) => groupCells(group, own));
}

function onWorkerd(rows: readonly Row[]): string {
  const compared = rows.flatMap(({ workerd }) => workerd ?? []);
  return compared.length === 0 ? '' : `${compared.filter(({ isContained }) => isContained).length} of ${compared.length}`;
}

function targetsOf(rows: readonly Row[]): Target[] {
  const failed = sum(rows, (row) => row.failed);
  const sustained = rows.filter(({ isSustained }) => isSustained);
  return [
    { text: 'all contained', isMet: rows.every(({ isContained }) => isContained) },
    { text: 'no failed request of the victim but those documented', isMet: failed === 0 },
    ...(sustained.length === 0 ? [] : [{ text: `beside what takes CPU, the victim's p99 ≤ ${P99_RATIO_MAX} × quiet`, isMet: worstRatio(sustained) <= P99_RATIO_MAX }]),
  ];
}

function worstRatio(rows: readonly Row[]): number {
  return Math.max(...rows.map(({ p99Ratio }) => p99Ratio));
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}

function headline({ machine, workerd, quick }: HostileReport): string {
  return describeMachine(machine, `workerd: ${workerd}`, quick);
}

function lastLines({ rows, quiet, notes }: HostileReport): string[] {
  const escapes = rows.filter(({ isContained }) => !isContained).map(({ program, escapes: why }) => `- ${program.name}: ${why.join('; ')}`);
  const quietly = `- The victim's quiet p50 is ${quiet.p50Ms.toFixed(1)} ms, its p99 ${quiet.p99Ms.toFixed(1)} ms, of ${quiet.requests} requests`;
  return [...escapes, quietly, ...notes.map((note) => `- ${note}`), '', `targets: ${describeTargets(targetsOf(rows))}`, ''];
}

export function formatHostileMarkdown(report: HostileReport): string {
  const escaped = (rows: readonly string[][]): string[][] => rows.map((row) => row.map((text) => text.replaceAll('|', '\\|')));
  const tables = [markdownTable(HEADINGS, escaped(report.rows.map(cells))), '', markdownTable(GROUP_HEADINGS, groupTable(report))];
  return [headline(report), '', ...tables, '', ...lastLines(report)].join('\n');
}

export function formatHostileTerminal(report: HostileReport): string {
  return [headline(report), '', printTable(HEADINGS, report.rows.map(cells)), printTable(GROUP_HEADINGS, groupTable(report)), ...lastLines(report)].join('\n');
}
