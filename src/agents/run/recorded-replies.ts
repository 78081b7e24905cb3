import type { EntryCursor } from './entry-cursor.ts';
import type { Call, Delivery, OutsideEnd, Reply, ReplySource } from './reply-source.ts';
import { RunStop } from './run-stop.ts';
import type { ReplyEntry } from '../../protocol/agent/recording.ts';
import { REPLY_STATUS } from '../../protocol/agent/syscalls.ts';
import { NanosError } from '../../protocol/errors.ts';

/** What goes on where the recording ends. */
export interface Continuation {
  readonly live: ReplySource;
  /** The inline reply to a call that is made where the recording is over. */
  readonly inline: (call: Call) => Reply | undefined;
  /** Called once, when the guest first waits for what is not on record, with the calls that were made before and have no reply yet. Returns an end when the run can't go on. */
  readonly takeOver: (pending: readonly Call[]) => OutsideEnd | undefined;
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
  #tookOver = false;

  /** `waiting`: calls without a reply at the rest that the run goes on from. */
  constructor(cursor: EntryCursor, continuation?: Continuation, waiting: Iterable<Call> = []) {
    this.#cursor = cursor;
    this.#continuation = continuation;
    this.#waiting = new Map([...waiting].map((call) => [call.call, call]));
  }

  /** Time that was up during a call ended the run in it. */
  inline(call: Call): Reply | undefined {
    const { next } = this.#cursor;
    if (next === undefined) return this.#continuation?.inline(call);
    if (next.kind === 'reply' && next.head.inline && next.head.call === call.call) return toReply(next);
    if (next.kind === 'end' && next.head.end === 'wall_limit') throw new RunStop(next.head.end, next.head.message);
    this.#waiting.set(call.call, call);
    return undefined;
  }

  rested(tokens: number): void {
    if (this.#cursor.next === undefined) this.#continuation?.live.rested(tokens);
  }

  async next(): Promise<Delivery | OutsideEnd> {
    const { next } = this.#cursor;
    if (next?.kind === 'reply') return this.#deliver(next);
    if (next?.kind === 'end') return { end: next.head.end, message: next.head.message };
    if (this.#continuation === undefined) throw new RecordingOver('The recording ends before the run');
    return this.#nextLive(this.#continuation);
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

  #nextLive({ live, takeOver }: Continuation): Promise<Delivery | OutsideEnd> | OutsideEnd {
    if (this.#tookOver) return live.next();
    this.#tookOver = true;
    return takeOver([...this.#waiting.values()]) ?? live.next();
  }
}

function toReply({ head, body, outside }: ReplyEntry): Reply {
  return { status: head.status, body, denied: head.denied, ...outside };
}
