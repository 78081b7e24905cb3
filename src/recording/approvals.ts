/** What a journal says about calls that wait, or waited, for a person's word. */
import type { ApprovalNote, AskEntry, CallEntry, DecisionEntry } from '../protocol/agent/recording.ts';
import type { JournalReader } from './journal-reader.ts';

/** How far one call is that had to be approved. */
export interface CallApproval {
  readonly tool: string;
  /** undefined: it waits */
  readonly decision: DecisionEntry | undefined;
  /** it was about to be made */
  readonly acted: boolean;
}

/** A call that waits, as the agent made it. */
export interface WaitingCall {
  readonly entry: CallEntry;
  readonly tool: string;
}

/** The calls that wait for a word, in the order in which they were made. Throws `recording_corrupt`. */
export function waitingCalls(reader: JournalReader): WaitingCall[] {
  const rest = reader.lastRest();
  const waiting = new Set(rest?.entry.head.waiting);
  if (rest === undefined || waiting.size === 0) return [];
  for (const { entry } of reader.notesAfter(rest.n)) waiting.delete(entry.head.call);
  return [...waiting].toSorted((a, b) => a - b).flatMap((call) => {
    const made = reader.call(call);
    const ask = made === undefined ? undefined : askAt(reader, made.n + 1);
    return made === undefined || ask === undefined ? [] : [{ entry: made.entry, tool: ask.head.tool }];
  });
}

/** Up to an entry, what is on record about each of these calls; none about one that needed no approval. */
export function callApprovals(reader: JournalReader, calls: Iterable<number>, to: number): Map<number, CallApproval> {
  const approvals = new Map<number, CallApproval>();
  let first = Number.POSITIVE_INFINITY;
  for (const call of calls) {
    const made = reader.call(call);
    const ask = made === undefined ? undefined : askAt(reader, made.n + 1);
    if (made === undefined || ask === undefined) continue;
    approvals.set(call, { tool: ask.head.tool, decision: undefined, acted: false });
    first = Math.min(first, made.n);
  }
  if (approvals.size === 0) return approvals;
  for (const { n, entry } of reader.notesAfter(first)) {
    if (n >= to) break;
    const approval = approvals.get(entry.head.call);
    if (approval !== undefined) approvals.set(entry.head.call, withNote(approval, entry));
  }
  return approvals;
}

/** What holds after one more note. */
export function withNote(approval: CallApproval, note: ApprovalNote): CallApproval {
  return note.kind === 'decision' ? { ...approval, decision: note } : { ...approval, acted: true };
}

function askAt(reader: JournalReader, n: number): AskEntry | undefined {
  const entry = reader.entry(n)?.entry;
  return entry?.kind === 'ask' ? entry : undefined;
}
