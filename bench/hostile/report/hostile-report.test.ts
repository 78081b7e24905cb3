import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Program } from '../read-programs.ts';
import { readPrograms } from '../read-programs.ts';
import type { Score } from '../run/score.ts';
import type { VictimFigures } from '../victim/load-messages.ts';
import { formatHostileMarkdown, formatHostileTerminal, toRow, type HostileReport, type Row } from './hostile-report.ts';

const programs = readPrograms();
const quiet: VictimFigures = { requests: 250, failures: [], retried: 0, inFlightAtCuts: [], p50Ms: 1, p99Ms: 4 };

function program(group: Program['group'], aborts: boolean): Program {
  const found = programs.find((one) => one.group === group && one.aborts === aborts);
  assert.ok(found !== undefined, group);
  return found;
}

function row(of: Program, { escapes = [], losses = [], failures = [], retried = 0, p99Ms = 5, isSustained = false }: Partial<Pick<Score, 'escapes' | 'losses'> & VictimFigures & Pick<Row, 'isSustained'>>): Row {
  const score: Score = { program: of, outcomes: new Map([['held', 2]]), escapes, losses, healthyMs: 12, grownMb: 3, victim: { requests: 50, failures, retried, inFlightAtCuts: [], p50Ms: 1, p99Ms } };
  return toRow(score, quiet, isSustained);
}

function report(rows: readonly Row[]): HostileReport {
  const machine = { processor: 'P', cores: 2, memoryGb: 8, system: 'linux x64', node: 'v22' };
  return { machine, workerd: '1', quick: false, quiet, rows, notes: ['why'] };
}

test('what is documented to be lost with a cell is told apart from what is not', () => {
  const rows = [row(program('memory', true), { failures: ['ECONNRESET', 'ECONNRESET'], retried: 1 }), row(program('logs', false), {})];
  const text = formatHostileTerminal(report(rows));
  assert.match(text, /^memory +1 of 1 +2 of 50 +1 +3 /mu);
  assert.match(text, /^all +2 of 2 +2 of 100 +1 +3 /mu);
  assert.match(text, /targets: all contained met, no failed request of the victim but those documented met\n/u);
});

test('targets are missed by an escape, a failed request, and a victim that waits for the processor', () => {
  const rows = [row(program('cpu', false), { isSustained: true, p99Ms: 13 }), row(program('logs', false), { failures: ['500 '], losses: ['500 '], escapes: ['1 requests of the victim failed: 500'] })];
  const text = formatHostileTerminal(report(rows));
  assert.match(text, /all contained MISSED, no failed request of the victim but those documented MISSED, beside what takes CPU, the victim's p99 ≤ 3 × quiet MISSED/u);
  assert.match(text, /^- logs-\S+: 1 requests of the victim failed: 500\n/mu);
  assert.match(text, /^cpu +1 of 1 +0 of 50 +0 +0 +3\.3 /mu);
});

test('prints Markdown tables, with what workerd did', () => {
  const rows = [{ ...row(program('parser', false), {}), workerd: { isContained: false, why: 'a | b' } }];
  const text = formatHostileMarkdown(report(rows));
  assert.ok(text.includes('| held ×2 | 0 of 50 | 0 | 5 | 1.3 | 12 | 3 | a \\| b |'), text);
  assert.ok(text.includes('| parser | 1 of 1 | 0 of 50 | 0 | 0 |  | 12 | 0 of 1 |'), text);
});
