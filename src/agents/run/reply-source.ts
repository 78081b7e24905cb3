import type { ReplyStatus, SyscallName } from '../../protocol/agent/syscalls.ts';
import type { ApprovalNote, JournalEntry, RunEnd } from '../../protocol/agent/recording.ts';

/** One syscall, as the guest made it. */
export interface Call {
  /** counted over the run, from 0 */
  readonly call: number;
  /** the guest's own number; 0: it wants no reply */
  readonly id: number;
  readonly op: number;
  readonly name: SyscallName | 'unknown';
  /** a copy; undefined where there were more bytes than the host takes */
  readonly args: Uint8Array | undefined;
}

/** What the guest gets for a call. */
export interface Reply {
  readonly status: ReplyStatus;
  readonly body: Uint8Array;
  /** of a denied call: the rule that decided */
  readonly denied?: string | undefined;
  readonly latencyUs?: number | undefined;
  /** read and written by models for this call */
  readonly tokens?: number | undefined;
}

/** A reply that a resume gives, to a call that is pending. */
export interface Delivery extends Reply {
  readonly call: Call;
  /** ns since the epoch */
  readonly clock: bigint;
  /** it answers an effect, and so must be on record before the guest sees it */
  readonly durable: boolean;
}

/** The call waits for a person's word. */
export interface Asks {
  /** which must be approved */
  readonly asks: string;
}

/** Goes on record, and then `noted` is called. */
export interface ToNote {
  readonly note: ApprovalNote;
}

/** The run is over for a reason outside the guest. */
export interface OutsideEnd {
  readonly end: RunEnd;
  readonly message: string;
}

/** Where replies come from: the one difference between a live run, a replay and a fork. */
export interface ReplySource {
  /** During an activation: the inline reply to a call; or that it waits for a word; or undefined, and a delivery follows. */
  inline(call: Call): Reply | Asks | undefined;
  /** The guest rests, and all it asked for is on record: what has effects may act now. `tokens`: used by the run so far. */
  rested(tokens: number): void;
  /** What the guest is resumed with, or what is to be recorded before. */
  next(): Promise<Delivery | OutsideEnd | ToNote>;
  /** It is on record. */
  noted(note: ApprovalNote): void;
  /** The run is over: what is in flight is aborted. */
  close(): void;
}

/** Where entries go, in the order in which things happen. */
export interface RunJournal {
  append(entry: JournalEntry): void;
  /** On return, everything that was appended survives the death of the process. */
  commit(): void;
  /** No entry is to be expected for a while. */
  putAway(): void;
}
