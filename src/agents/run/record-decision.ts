import { NanosError } from '../../protocol/errors.ts';
import { callApprovals, waitingCalls } from '../../recording/approvals.ts';
import { isFinal } from '../../recording/entry-order.ts';
import { JournalReader } from '../../recording/journal-reader.ts';
import { JournalWriter } from '../../recording/journal-writer.ts';
import { settleGrant } from '../grant.ts';
import { checkEdited, decidedAlready, notWaiting } from './approval-desk.ts';
import { judge } from './gate.ts';
import { readRecordedManifest } from './recorded-manifest.ts';
import type { Call } from './reply-source.ts';
import type { RunEnvironment } from './run-environment.ts';
import { toDecision, type Decision, type GivenWord } from './to-decision.ts';

/**
 * Puts a decision on record, of a run that no process has under way; nothing comes of it before the run goes on. An edited call is judged first.
 * Throws `run_in_use`, `run_not_waiting`, `approval_not_found`, `approval_decided`, `edit_refused`, `not_found`.
 */
export function recordDecision(file: string, word: GivenWord, environment: Pick<RunEnvironment, 'mask' | 'operator' | 'handlers'>): void {
  withReader(file, requireUnfinished);
  const journal = JournalWriter.continue(file, { mask: environment.mask });
  try {
    const decision = withReader(file, (reader) => decide(reader, word, environment));
    journal.append({ kind: 'decision', ...decision });
    journal.commit();
  } finally {
    journal.close();
  }
}

function decide(reader: JournalReader, word: GivenWord, { mask, operator, handlers }: Pick<RunEnvironment, 'mask' | 'operator' | 'handlers'>): Decision {
  requireRested(reader);
  const found = waitingCalls(reader).find(({ entry }) => entry.head.call === word.call);
  if (found === undefined) throw isDecided(reader, word.call) ? decidedAlready(word.call) : notWaiting(word.call);
  const { head, body } = found.entry;
  const decision = toDecision(word, () => body);
  if (decision.body === undefined) return decision;
  const grant = settleGrant(readRecordedManifest(reader.run.head.manifest), operator);
  const edited: Call = { call: head.call, id: head.id, op: head.op, name: head.name, args: mask.bytes(decision.body) };
  checkEdited(edited, (call) => judge(call, handlers, { grant, signal: new AbortController().signal }));
  return decision;
}

function requireUnfinished(reader: JournalReader): void {
  const { entry } = reader.last();
  if (entry.kind === 'end' && isFinal(entry.head.end)) throw new NanosError('run_not_waiting', `The run is over (${entry.head.end}): nothing waits for an approval`);
}

function requireRested(reader: JournalReader): void {
  const { rested, activation } = reader.position();
  if (rested !== activation) throw new NanosError('run_not_waiting', 'The run was interrupted within a step. Go on with it first, by nanos run --resume, and decide when it waits again');
}

function isDecided(reader: JournalReader, call: number): boolean {
  return callApprovals(reader, [call], Number.POSITIVE_INFINITY).get(call)?.decision !== undefined;
}

function withReader<T>(file: string, work: (reader: JournalReader) => T): T {
  const reader = JournalReader.open(file);
  try {
    return work(reader);
  } finally {
    reader.close();
  }
}
