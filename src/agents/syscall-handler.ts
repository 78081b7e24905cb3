/** The contract between the dispatcher and the families of syscalls (syscalls/<family>.ts). */
import type { z } from 'zod';
import type { AgentVerdict } from '../policy/agent-verdict.ts';
import type { SyscallErrorData } from '../protocol/agent/payload.ts';
import type { SyscallErrorCode } from '../protocol/agent/syscall-errors.ts';
import type { SyscallKind, SyscallName } from '../protocol/agent/syscalls.ts';
import type { Grant } from './grant.ts';

export interface SyscallContext {
  readonly grant: Grant;
  /** aborted when the guest cancels the call or the run ends; `act` then rejects soon, with anything */
  readonly signal: AbortSignal;
  /** of a call that acts; absent where it is only judged */
  readonly progress?: CallProgress | undefined;
}

/** What a call tells of itself before its reply. */
export interface CallProgress {
  /** A part of the reply, given to the guest by itself; the reply holds all parts once more. */
  part(bytes: Uint8Array): void;
  /**
   * Tokens that the call may use: `wanted`, for which it waits as long as other calls of the run hold them; or what is left, 0 included, when none does.
   * Rejects with the reason of the call's signal.
   */
  reserve(wanted: number): Promise<TokenReservation>;
  /** The budget of tokens is used up: the run ends. */
  spent(message: string): void;
  /** Says something to whoever watches the run; it is not on record. */
  note(text: string): void;
}

/** A part of the run's budget of tokens, to be released once. */
export interface TokenReservation {
  readonly tokens: number;
  /** what a model read and wrote for the call, as it becomes known; a negative number takes back what was charged too much */
  charge(tokens: number): void;
  release(): void;
}

/** For a call that nobody watches, and that no budget bounds. */
export const UNWATCHED: CallProgress = {
  part: () => undefined,
  reserve: (wanted) => Promise.resolve({ tokens: wanted, charge: () => undefined, release: () => undefined }),
  spent: () => undefined,
  note: () => undefined,
};

/** One syscall, as its family serves it. The dispatcher asks in the order of the fields, and gives to each what the one before let pass. */
export interface SyscallHandler<Args = unknown> {
  readonly name: SyscallName;
  /** of the payload's head; what it refuses is `invalid_argument` */
  readonly arguments: z.ZodType<Args>;
  readonly body: 'none' | 'optional' | 'required';
  /** Pure: looks at nothing but its arguments. */
  authorize(args: Args, context: SyscallContext): AgentVerdict;
  /** where it depends on the arguments; else as in the table of syscalls */
  effect?(args: Args): SyscallKind['effect'];
  /**
   * The reply's payload; returned at once it is inline. Throws, or rejects with, a SyscallError; one of `permission_denied` is a denial like that of
   * `authorize`, found out only by looking (a link that leads elsewhere, a redirect). Anything else that it throws is a defect of the host.
   * `body` is a view of guest memory that holds until `act` returns.
   */
  act(args: Args, body: Uint8Array | undefined, context: SyscallContext): Uint8Array | Promise<Uint8Array>;
}

/** An error reply. */
export class SyscallError extends Error {
  override readonly name = 'SyscallError';
  readonly code: SyscallErrorCode;
  readonly asked: string | undefined;
  readonly rule: string | undefined;

  constructor(code: SyscallErrorCode, message: string, denial: { readonly asked?: string; readonly rule?: string } = {}) {
    super(message);
    this.code = code;
    this.asked = denial.asked;
    this.rule = denial.rule;
  }

  /** `permission_denied`, for the verdict of a policy, or of a person with a `reason`. */
  static denied(asked: string, rule: string, reason?: string): SyscallError {
    return new SyscallError('permission_denied', `Permission denied: ${asked} (${rule}${reason === undefined ? '' : `: ${reason}`})`, { asked, rule });
  }

  toData(): SyscallErrorData {
    const data = { code: this.code, message: this.message };
    return this.asked === undefined || this.rule === undefined ? data : { ...data, asked: this.asked, rule: this.rule };
  }
}
