import type { Entry, Expectations } from './expectations.ts';
import type { ProgramResult, SubtestResult } from './test-program.ts';

/** Counts of one folder's subtests. */
export interface Score {
  passed: number;
  /** subtests that apply */
  total: number;
  notApplicable: number;
}

export interface Judgement {
  readonly passed: number;
  readonly total: number;
  readonly notApplicable: number;
  /** failures that nobody expects, as lines */
  readonly unexpected: readonly string[];
  /** all failures, as lines */
  readonly failed: readonly string[];
}

const MESSAGE_LENGTH_MAX = 300;

/** Holds the results of one test against what is expected of it. */
export function judge(id: string, result: ProgramResult, expectations: Expectations): Judgement {
  const rows: SubtestResult[] = [...result.subtests];
  if (result.harness !== '') rows.push({ name: '(harness)', status: 'FAIL', message: result.harness });
  const judgement = { passed: 0, total: 0, notApplicable: 0, unexpected: [] as string[], failed: [] as string[] };
  for (const row of rows) {
    if (expectations.notApplicable(id, row.name) !== undefined) judgement.notApplicable++;
    else {
      judgement.total++;
      const expected = expectations.failure(id, row.name);
      if (row.status === 'PASS') judgement.passed++;
      else judgement.failed.push(line(id, row));
      if (row.status !== 'PASS' && expected === undefined) judgement.unexpected.push(line(id, row));
      else if (row.status !== 'PASS') expectations.use(expected!);
      else if (expected !== undefined && namesExactly(expected, row.name)) judgement.unexpected.push(`${id} | ${row.name} | passes, and is expected to fail`);
    }
  }
  return judgement;
}

function namesExactly({ subtests }: Entry, name: string): boolean {
  return subtests?.includes(name) === true && !name.includes('*');
}

function line(id: string, { name, status, message }: SubtestResult): string {
  return `${id} | ${name} | ${status}: ${message.slice(0, MESSAGE_LENGTH_MAX).replaceAll(/\s+/g, ' ')}`;
}
