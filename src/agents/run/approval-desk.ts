import type { ApprovalNote, DecisionEntry } from '../../protocol/agent/recording.ts';
import { NanosError } from '../../protocol/errors.ts';
import { SyscallError } from '../syscall-handler.ts';
import { DecisionBox, type GivenDecision } from './decision-box.ts';
import type { Passed } from './gate.ts';
import { printableBytes } from './printable-bytes.ts';
import type { Call, OutsideEnd } from './reply-source.ts';
import { toDecision } from './to-decision.ts';

/** What becomes of a call that was decided about. */
export interface ApprovalActions {
  /** What is recorded is what is done, and known secrets are not recorded. */
  mask(bytes: Uint8Array): Uint8Array;
  /** Through the gate, with the arguments that it has now. Throws a SyscallError. */
  judge(call: Call): Passed;
  fail(call: Call, error: unknown): void;
  /** It is on record that the call is made now. */
  make(call: Call, passed: Passed): void;
}

const SHOWN_MAX = 5;
const EMPTY = new Uint8Array(0);

/**
 * The calls of a live run that wait for a person's word. A decision is noted in the journal before anything comes of it, and so is that an approved call is about to be made:
 * `nextNote` gives what is to be recorded, `noted` says that it is.
 */
export class ApprovalDesk {
  readonly #box: DecisionBox;
  readonly #actions: ApprovalActions;
  readonly #waiting = new Map<number, Call>();
  /** whose decision is about to be recorded */
  readonly #deciding = new Map<number, { readonly call: Call; readonly given: GivenDecision }>();
  readonly #decided = new Set<number>();
  readonly #passed = new Map<number, { readonly call: Call; readonly passed: Passed }>();
  readonly #notes: ApprovalNote[] = [];

  constructor(actions: ApprovalActions, box = new DecisionBox()) {
    this.#actions = actions;
    this.#box = box;
  }

  wait(call: Call): void {
    this.#waiting.set(call.call, call);
  }

  isWaiting({ call }: Call): boolean {
    return this.#waiting.has(call);
  }

  /** The agent has given the call up. */
  giveUp({ call }: Call): void {
    this.#waiting.delete(call);
  }

  /** What stands in the journal is done now. */
  resume(call: Call, decision: DecisionEntry): void {
    this.#proceed(call, decision);
  }

  nextNote(): ApprovalNote | undefined {
    for (const given of this.#box.take()) this.#decide(given);
    return this.#notes.shift();
  }

  noted(note: ApprovalNote): void {
    const { call: number } = note.head;
    if (note.kind === 'act') {
      const ready = this.#passed.get(number);
      this.#passed.delete(number);
      if (ready !== undefined) this.#actions.make(ready.call, ready.passed);
      return;
    }
    const deciding = this.#deciding.get(number);
    if (deciding === undefined) return;
    this.#deciding.delete(number);
    deciding.given.resolve(true);
    this.#proceed(deciding.call, note);
  }

  /** Nothing but approvals is waited for. */
  end(): OutsideEnd {
    const calls = [...this.#waiting.values()];
    const shown = calls.slice(0, SHOWN_MAX).map((call) => `call ${call.call}, ${call.name} ${printableBytes(call.args ?? EMPTY)}`);
    const more = calls.length > SHOWN_MAX ? [`and ${calls.length - SHOWN_MAX} more`] : [];
    return { end: 'waiting', message: `Waits for approval: ${[...shown, ...more].join('; ')}` };
  }

  close(): void {
    this.#box.close();
    for (const { given } of this.#deciding.values()) given.resolve(false);
  }

  #decide(given: GivenDecision): void {
    try {
      const call = this.#waitingCall(given.word.call);
      const { body, ...decision } = toDecision(given.word, () => call.args ?? EMPTY);
      const masked = body === undefined ? undefined : this.#actions.mask(body);
      if (masked !== undefined) checkEdited({ ...call, args: masked }, (edited) => this.#actions.judge(edited));
      this.#waiting.delete(call.call);
      this.#decided.add(call.call);
      this.#deciding.set(call.call, { call, given });
      this.#notes.push({ kind: 'decision', ...decision, ...(masked === undefined ? {} : { body: masked }) });
    } catch (error) {
      given.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #waitingCall(number: number): Call {
    const call = this.#waiting.get(number);
    if (call !== undefined) return call;
    if (this.#decided.has(number)) throw decidedAlready(number);
    throw notWaiting(number);
  }

  #proceed(call: Call, { head, body }: DecisionEntry): void {
    if (head.decision === 'deny') return this.#actions.fail(call, deniedByPerson(call, head.reason));
    try {
      const passed = this.#actions.judge(body === undefined ? call : { ...call, args: body });
      this.#passed.set(call.call, { call, passed });
      this.#notes.push({ kind: 'act', head: { call: call.call } });
    } catch (error) {
      this.#actions.fail(call, error);
    }
  }
}

export function decidedAlready(call: number): NanosError {
  return new NanosError('approval_decided', `Call ${call} was decided about already`);
}

export function notWaiting(call: number): NanosError {
  return new NanosError('approval_not_found', `Call ${call} waits for no approval. nanos approve lists the calls that do`);
}

/** An edited call is judged before it is recorded, so that a slip costs the agent nothing. Throws `edit_refused`. */
export function checkEdited(edited: Call, judge: (call: Call) => unknown): void {
  try {
    judge(edited);
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    throw new NanosError('edit_refused', `The edited call does not pass the gate: ${cause.message}`, { cause });
  }
}

function deniedByPerson({ name, args = EMPTY }: Call, reason: string | undefined): SyscallError {
  return SyscallError.denied(`${name} ${printableBytes(args)}`, 'approve', reason ?? 'denied by a person');
}
