/**
 * The entries of a run's journal, format 2: docs/recording.md. Each is one row: kind, head (JSON), body (bytes), and what stands outside the hash (JSON).
 * Order is the order in which things happened. `call` and `seq` count from 0 over the whole run; activation 0 is `nanos_start`, each later one a `nanos_resume`.
 */
import type { ReplyStatus, SyscallName } from './syscalls.ts';

export const RECORDING_FORMAT = 2;

/** Why a run is over; all but `done` are failures. `uncertain`, `waiting` (for a person's word about calls) and `host_failed` can go on. */
export type RunEnd =
  | 'done'
  | 'agent_threw'
  | 'agent_exited'
  | 'fuel_limit'
  | 'memory_limit'
  | 'depth_limit'
  | 'agent_trapped'
  | 'agent_abi'
  | 'step_limit'
  | 'wall_limit'
  | 'token_limit'
  | 'cancelled'
  | 'uncertain'
  | 'waiting'
  | 'host_failed';

export interface ForkOrigin {
  readonly run: string;
  /** the first step of the parent whose result is not the parent's */
  readonly step: number;
  readonly edit?: unknown;
  readonly goal?: string;
  /**
   * The activation whose rest entry, with a keyframe, this journal begins with: after the run entry come the calls that were pending then, then that rest entry.
   * Absent: the journal begins with activation 0, like most.
   */
  readonly base?: number;
}

/** First entry. */
export interface RunEntry {
  readonly kind: 'run';
  readonly head: {
    readonly format: typeof RECORDING_FORMAT;
    readonly id: string;
    readonly name: string;
    /** as read, secrets by reference */
    readonly manifest: unknown;
    readonly goal: string;
    /** SHA-256, hex, of the metered module; `source` of the module as it was given, which is what an export carries */
    readonly module: string;
    readonly source: string;
    readonly meter: number;
    /** of V8, for the report of a divergence */
    readonly engine: string;
    /** 32 bytes, hex: the key of the run's random bytes */
    readonly seed: string;
    /** the guest's clock during activation 0, as of ReplyEntry */
    readonly clock: string;
    readonly fork?: ForkOrigin;
  };
  readonly body?: undefined;
}

/** A syscall was made. */
export interface CallEntry {
  readonly kind: 'call';
  readonly head: {
    readonly call: number;
    /** the guest's own number of it */
    readonly id: number;
    readonly name: SyscallName | 'unknown';
    readonly op: number;
  };
  /** arguments as they stood in guest memory, known secrets masked */
  readonly body: Uint8Array;
}

/** The call right before it waits for a person's word: it passed the gate, and its tool must be approved. */
export interface AskEntry {
  readonly kind: 'ask';
  readonly head: { readonly call: number; readonly tool: string };
  readonly body?: undefined;
}

/** `terminal`: typed as an answer · `command`: `nanos approve` · `control_api`: a request */
export type DecisionSource = 'terminal' | 'command' | 'control_api';

/** A person's word about a call that waits for it, given while the guest rests. Each such call gets one. */
export interface DecisionEntry {
  readonly kind: 'decision';
  readonly head: {
    readonly call: number;
    readonly decision: 'approve' | 'deny' | 'edit';
    readonly by: DecisionSource;
    /** of the token, for a request */
    readonly scope?: string;
    /** of a denial */
    readonly reason?: string;
  };
  /** of an edit: the arguments that are used in place of the call's, known secrets masked */
  readonly body?: Uint8Array;
  readonly outside?: { readonly decidedMs: number };
}

/** A call that was approved is about to be made. */
export interface ActEntry {
  readonly kind: 'act';
  readonly head: { readonly call: number };
  readonly body?: undefined;
}

/** What the guest was given for a call: inline, or by a resume, which starts the activation `activation`. */
export interface ReplyEntry {
  readonly kind: 'reply';
  readonly head: {
    readonly seq: number;
    readonly call: number;
    readonly status: ReplyStatus;
    readonly inline: boolean;
    /** the number of this step, for the last reply of a call that is one */
    readonly step?: number;
    /** nanoseconds since the epoch, decimal: what the guest's clock shows from here on */
    readonly clock: string;
    readonly activation: number;
    /** of a denied call: the rule that decided */
    readonly denied?: string;
  };
  readonly body: Uint8Array;
  readonly outside?: { readonly latencyUs?: number; readonly tokens?: number };
}

/** The guest rests: an activation is over. Held next to the snapshot, when there is one, in its body. */
export interface RestEntry {
  readonly kind: 'rest';
  readonly head: {
    readonly activation: number;
    /** the guest's clock during the activation, as of ReplyEntry */
    readonly clock: string;
    /** charged so far, decimal */
    readonly fuel: string;
    readonly memoryPages: number;
    /** SHA-256, hex, over memory and globals; absent where the guest is too large to be looked at after each step */
    readonly state?: string;
    /** bytes drawn from the random stream so far */
    readonly randomBytes: number;
    readonly steps: number;
    readonly tokens: number;
    /** calls made so far, replies given so far, and the bytes of both: arguments and replies */
    readonly calls: number;
    readonly replies: number;
    readonly bytes: number;
    /** calls not answered for good yet */
    readonly pending: readonly number[];
    /** of those, the ones that wait for a person's word; absent when there are none */
    readonly waiting?: readonly number[];
    /** `base`: the activation whose rest holds the snapshot that a delta is the difference to */
    readonly snapshot?: { readonly kind: 'key' } | { readonly kind: 'delta'; readonly base: number } | { readonly refused: string };
  };
  readonly body?: Uint8Array;
}

/** Last entry of a run that is over. */
export interface EndEntry {
  readonly kind: 'end';
  readonly head: {
    readonly end: RunEnd;
    /** what `done` said, or what went wrong */
    readonly message: string;
    readonly fuel: string;
    readonly steps: number;
    readonly tokens: number;
  };
  readonly body?: undefined;
}

/** What happens about a call that waits for approval while the guest rests. */
export type ApprovalNote = DecisionEntry | ActEntry;

export type JournalEntry = RunEntry | CallEntry | AskEntry | DecisionEntry | ActEntry | ReplyEntry | RestEntry | EndEntry;
