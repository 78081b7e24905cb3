import type { EntryCursor } from './entry-cursor.ts';
import type { Asks, Call, Delivery, OutsideEnd, Reply, ReplySource, ToNote } from './reply-source.ts';
import { RunStop } from './run-stop.ts';
import type { ApprovalNote, ReplyEntry } from '../../protocol/agent/recording.ts';
import { REPLY_STATUS } from '../../protocol/agent/syscalls.ts';
import { NanosError } from '../../protocol/errors.ts';
import { withNote, type CallApproval } from '../../recording/approvals.ts';

/** What goes on where the recording ends. */
export interface Continuation {
  readonly live: ReplySource;
  /** The inline reply to a call that is made where the recording is over. */
  readonly inline: (call: Call) => Reply | Asks | undefined;
  /** Called once, when the guest first waits for what is not on record, with the calls that were made before and have no reply yet, and what was decided about them. Returns an end when the run can't go on. */
  readonly takeOver: (pending: readonly Call[], approvals: ReadonlyMap<number, CallApproval>) => OutsideEnd | undefined;
}

/** A journal without an end was replayed whole. */
export class RecordingOver extends Error {
  override readonly name = 'RecordingOver';
}

/** Replies from a recording; after its last entry from what continues it, if anything does. The cursor is moved on by the CheckedJournal beside it. */
export class RecordedReplies implements ReplySource {
  readonly #cursor: EntryCursor;
  readonly #continuation: Continuation | undefined;
  readonly #waiting: Map<number, Call>;
  readonly #approvals: Map<number, CallApproval>;
  #tookOver = false;

  /** `waiting`: calls without a reply at the rest that the run goes on from; `approvals`: what was decided about them until then. */
  constructor(cursor: EntryCursor, continuation?: Continuation, { pending: waiting = [], approvals = new Map() }: { pending?: Iterable<Call>; approvals?: ReadonlyMap<number, CallApproval> } = {}) {
    this.#cursor = cursor;
    this.#continuation = continuation;
    this.#waiting = new Map([...waiting].map((call) => [call.call, call]));
    this.#approvals = new Map(approvals);
  }

  /** Time that was up during a call ended the run in it. */
  inline(call: Call): Reply | Asks | undefined {
    const { next } = this.#cursor;
    if (next === undefined) return this.#continuation?.inline(call);
    if (next.kind === 'reply' && next.head.inline && next.head.call === call.call) return toReply(next);
    if (next.kind === 'end' && next.head.end === 'wall_limit') throw new RunStop(next.head.end, next.head.message);
    this.#waiting.set(call.call, call);
    if (next.kind !== 'ask' || next.head.call !== call.call) return undefined;
    const { tool } = next.head;
    this.#approvals.set(call.call, { tool, decision: undefined, acted: false });
    return { asks: tool };
  }

  rested(tokens: number): void {
    if (this.#cursor.next === undefined) this.#continuation?.live.rested(tokens);
  }

  async next(): Promise<Delivery | OutsideEnd | ToNote> {
    const { next } = this.#cursor;
    if (next?.kind === 'reply') return this.#deliver(next);
    if (next?.kind === 'decision' || next?.kind === 'act') return { note: next };
    if (next?.kind === 'end') return { end: next.head.end, message: next.head.message };
    if (this.#continuation === undefined) throw new RecordingOver('The recording ends before the run');
    return this.#nextLive(this.#continuation);
  }

  noted(note: ApprovalNote): void {
    if (this.#tookOver) return this.#continuation?.live.noted(note);
    const approval = this.#approvals.get(note.head.call);
    if (approval !== undefined) this.#approvals.set(note.head.call, withNote(approval, note));
  }

  close(): void {
    this.#continuation?.live.close();
  }

  #deliver(entry: ReplyEntry): Delivery {
    const { status, clock } = entry.head;
    const call = this.#waiting.get(entry.head.call);
    if (call === undefined) throw new NanosError('recording_corrupt', `Reply ${entry.head.seq} of the recording answers call ${entry.head.call}, which is not pending`);
    if (status !== REPLY_STATUS.chunk) this.#waiting.delete(call.call);
    return { ...toReply(entry), call, clock: BigInt(clock), durable: false };
  }

  #nextLive({ live, takeOver }: Continuation): Promise<Delivery | OutsideEnd | ToNote> | OutsideEnd {
    if (this.#tookOver) return live.next();
    this.#tookOver = true;
    return takeOver([...this.#waiting.values()], this.#approvals) ?? live.next();
  }
}

function toReply({ head, body, outside }: ReplyEntry): Reply {
  return { status: head.status, body, denied: head.denied, ...outside };
}
