import type { JournalEntry, RunEnd } from '../protocol/agent/recording.ts';

/** Where a journal stands after some entry. */
export interface OrderPosition {
  readonly entries: number;
  readonly calls: number;
  /** made by the last entry, when that is a call: only there it can be asked about */
  readonly called: number | undefined;
  readonly replies: number;
  readonly activation: number;
  /** of the last rest; -1 before the first */
  readonly rested: number;
  /** of the last reply that was a step; -1 before the first */
  readonly step: number;
  /** of a fork whose first rest is still to come: the activation of that rest */
  readonly base: number | undefined;
  readonly end: RunEnd | undefined;
}

export const START: OrderPosition = { entries: 0, calls: 0, called: undefined, replies: 0, activation: 0, rested: -1, step: -1, base: undefined, end: undefined };

/** Ends after which the same run may go on. */
const RESUMABLE: readonly RunEnd[] = ['uncertain', 'waiting', 'host_failed'];

export function isFinal(end: RunEnd | undefined): boolean {
  return end !== undefined && !RESUMABLE.includes(end);
}

/**
 * The position after one more entry, or in words why that entry can't stand there: a run comes first and once, calls, replies and activations
 * are counted without gaps, a reply answers a call that was made, a question stands behind its call and
 * what is decided where the guest rests, and nothing follows an end that is final.
 *
 * A fork from a snapshot (`base`) begins with the calls that were pending then, by their old numbers, with what was asked and decided about them, and the rest that holds the snapshot; it counts on from there.
 */
export function advance(position: OrderPosition, entry: JournalEntry): OrderPosition | string {
  if ((entry.kind === 'run') !== (position.entries === 0)) return entry.kind === 'run' ? 'is a second beginning' : 'stands before the beginning';
  if (isFinal(position.end)) return 'stands after the end';
  const next = { ...position, entries: position.entries + 1, called: undefined, end: undefined };
  switch (entry.kind) {
    case 'run':
      return { ...next, base: entry.head.fork?.base };
    case 'call':
      return afterCall(next, entry.head.call);
    case 'ask':
      return entry.head.call === position.called ? next : `asks about call ${entry.head.call}, which the entry before it did not make`;
    case 'decision':
    case 'act':
      return afterNote(next, entry.head.call);
    case 'reply':
      return afterReply(next, entry.head);
    case 'rest':
      return afterRest(next, entry.head);
    case 'end':
      return { ...next, end: entry.head.end };
  }
}

function afterCall(position: OrderPosition, call: number): OrderPosition | string {
  const isNext = position.base === undefined ? call === position.calls : call >= position.calls;
  return isNext ? { ...position, calls: call + 1, called: call } : `is call ${call} where call ${position.calls} comes next`;
}

function afterNote(position: OrderPosition, call: number): OrderPosition | string {
  if (call >= position.calls) return `is about call ${call}, which was not made`;
  return position.base === undefined && position.rested !== position.activation ? `stands within activation ${position.activation}` : position;
}

type Head<K extends JournalEntry['kind']> = Extract<JournalEntry, { kind: K }>['head'];

function afterReply(position: OrderPosition, { seq, call, activation, inline, step }: Head<'reply'>): OrderPosition | string {
  if (position.base !== undefined) return 'stands before the snapshot that the fork begins with';
  if (seq !== position.replies) return `is reply ${seq} where reply ${position.replies} comes next`;
  if (call >= position.calls) return `answers call ${call}, which was not made`;
  const expected = inline ? position.activation : position.activation + 1;
  if (activation !== expected) return `belongs to activation ${activation} where ${expected} is meant`;
  if (step !== undefined && step <= position.step) return `is step ${step} after step ${position.step}`;
  return { ...position, replies: seq + 1, activation, step: step ?? position.step };
}

function afterRest(position: OrderPosition, { activation, calls, replies }: Head<'rest'>): OrderPosition | string {
  if (position.base !== undefined) {
    if (activation !== position.base || calls < position.calls) return 'is not the rest that the fork begins with';
    return { ...position, calls, replies, activation, rested: activation, base: undefined };
  }
  if (activation !== position.activation) return `rests after activation ${activation} during ${position.activation}`;
  if (activation === position.rested) return `rests a second time after activation ${activation}`;
  if (calls !== position.calls || replies !== position.replies) return `counts ${calls} calls and ${replies} replies where there are ${position.calls} and ${position.replies}`;
  return { ...position, rested: activation };
}
