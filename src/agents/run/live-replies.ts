import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { packPayload, unpackPayload } from '../../protocol/agent/payload.ts';
import { REPLY_STATUS, type SyscallKind } from '../../protocol/agent/syscalls.ts';
import type { Grant } from '../grant.ts';
import { SyscallError, type CallProgress, type SyscallContext } from '../syscall-handler.ts';
import type { ApprovalNote, DecisionEntry } from '../../protocol/agent/recording.ts';
import { ApprovalDesk } from './approval-desk.ts';
import type { DecisionBox } from './decision-box.ts';
import { judge, type Handlers, type Passed } from './gate.ts';
import type { Asks, Call, Delivery, OutsideEnd, Reply, ReplySource, ToNote } from './reply-source.ts';
import { RUN_LIMITS } from './run-limits.ts';
import { RunStop } from './run-stop.ts';
import { RunSuspended } from './run-suspended.ts';
import { TokenBudget } from './token-budget.ts';

export interface Denial {
  readonly syscall: string;
  readonly asked: string;
  readonly rule: string;
}

export interface LiveOptions {
  readonly handlers: Handlers;
  readonly grant: Grant;
  /** ns since the epoch */
  readonly nowNs: () => bigint;
  /** a clock that never goes back */
  readonly monotonicMs: () => number;
  /** aborted: the run is cancelled */
  readonly signal: AbortSignal;
  /** Known secrets never reach a guest, whatever a tool returns. */
  readonly mask: (bytes: Uint8Array) => Uint8Array;
  readonly onDenied: (denial: Denial) => void;
  /** where decisions about waiting calls come in */
  readonly decisions?: DecisionBox | undefined;
  /** told what a call has to say besides its reply */
  readonly onNote: (text: string) => void;
}

/** A call that is on record and whose result is not. */
export interface UnknownCall {
  readonly call: Call;
  /** the same, with the arguments that it was made with: an edit may have replaced them */
  readonly made: Call;
  /** by a person */
  readonly approved?: boolean;
}

/** A call that waits for its reply. */
interface Flight {
  readonly call: Call;
  /** made when somebody listens, or when it is aborted: most calls are over at once */
  controller: AbortController | undefined;
  readonly startedMs: number;
  effect: SyscallKind['effect'];
  settled: boolean;
  /** the guest has parts of an earlier reply to this call already: it gets no second ones */
  readonly isRepeated: boolean;
  /** used by models */
  tokens: number;
}

interface Completion {
  readonly flight: Flight;
  readonly reply: Reply;
}

/** While replies are always at hand, everything else in the process gets its turn this often. */
const TURN_MS_MAX = 20;
/** The longest that a timer of Node.js waits. */
const TIMER_MS_MAX = 2_147_483_647;
const EMPTY = new Uint8Array(0);
const cancelSchema = z.strictObject({ id: z.int().positive() });

/** Replies from the world: through the gate, to the families of syscalls. */
export class LiveReplies implements ReplySource {
  readonly #options: LiveOptions;
  readonly #flights = new Map<number, Flight>();
  readonly #completed: Completion[] = [];
  /** effects that wait until their intent is on record */
  readonly #intended: { readonly flight: Flight; readonly passed: Passed }[] = [];
  readonly #approvals: ApprovalDesk;
  readonly #wallEndMs: number;
  #failure: OutsideEnd | undefined;
  /** the budget of tokens is used up: the run ends when it would wait */
  #spent: OutsideEnd | undefined;
  #wake: () => void = () => undefined;
  #turnMs: number;
  readonly #tokens: TokenBudget;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#turnMs = options.monotonicMs();
    const { wallMsMax, tokensMax } = options.grant.manifest.budgets;
    this.#wallEndMs = this.#turnMs + wallMsMax;
    this.#approvals = this.#openDesk();
    this.#tokens = new TokenBudget(tokensMax);
  }

  inline(call: Call): Reply | Asks | undefined {
    const late = this.#wallEnd();
    if (late !== undefined) throw new RunStop(late.end, late.message);
    if (call.name === 'cancel') return this.#cancel(call);
    const flight = this.#begin(call);
    const passed = this.#judge(flight);
    if (passed === undefined) return undefined;
    if (passed.asks !== undefined) {
      this.#wait(flight);
      return { asks: passed.asks };
    }
    if (passed.effect === 'none') return this.#act(flight, passed);
    this.#intended.push({ flight, passed });
    return undefined;
  }

  rested(tokens: number): void {
    this.#tokens.setUsed([...this.#flights.values()].reduce((sum, flight) => sum + flight.tokens, tokens));
    for (const { flight, passed } of this.#intended.splice(0)) {
      const reply = flight.settled ? undefined : this.#act(flight, passed);
      if (reply !== undefined) this.#complete(flight, reply);
    }
  }

  /** What a call would do to the outside; undefined for one that does not pass the gate. */
  effectOf(call: Call): SyscallKind['effect'] | undefined {
    try {
      return judge(call, this.#options.handlers, this.#context(() => new AbortController().signal)).effect;
    } catch (error) {
      if (error instanceof SyscallError) return undefined;
      throw error;
    }
  }

  noted(note: ApprovalNote): void {
    this.#approvals.noted(note);
  }

  /** A call that is on record already, and about which nobody has decided. */
  waitFor(call: Call): void {
    const flight = this.#begin(call);
    if (this.#judge(flight) !== undefined) this.#wait(flight);
  }

  /** A call about which somebody decided, and nothing came of it yet. */
  resumeDecided(call: Call, decision: DecisionEntry): void {
    this.#begin(call);
    this.#approvals.resume(call, decision);
  }

  /** Makes a call that is on record already. */
  repeat({ call, made, approved = false }: UnknownCall): void {
    const flight = this.#begin(call, true);
    const passed = this.#judge(flight, made);
    if (passed?.asks !== undefined && !approved) return this.#fail(flight, SyscallError.denied(`tool ${passed.asks}`, 'approve', 'the call was made when nobody had to be asked'));
    const reply = passed === undefined ? undefined : this.#act(flight, passed);
    if (reply !== undefined) this.#complete(flight, reply);
  }

  /** Answers a call that is on record already with a reply that is known. */
  answer(call: Call, reply: Reply): void {
    this.#completed.push({ flight: this.#begin(call), reply });
  }

  async next(): Promise<Delivery | OutsideEnd | ToNote> {
    await this.#takeTurns();
    for (;;) {
      const end = this.#outsideEnd();
      if (end !== undefined) return end;
      const note = this.#approvals.nextNote();
      if (note !== undefined) return { note };
      const completion = this.#completed.shift();
      if (completion !== undefined) return this.#toDelivery(completion);
      if (this.#spent !== undefined) return this.#spent;
      if (this.#onlyApprovalsWait()) return this.#approvals.end();
      await this.#somethingHappens();
    }
  }

  close(): void {
    this.#approvals.close();
    for (const flight of this.#flights.values()) {
      flight.settled = true;
      controllerOf(flight).abort();
    }
    this.#flights.clear();
    this.#completed.length = 0;
    this.#intended.length = 0;
  }

  #openDesk(): ApprovalDesk {
    const { decisions, mask } = this.#options;
    const flightOf = ({ id }: Call): Flight | undefined => this.#flights.get(id);
    if (decisions !== undefined) decisions.onGiven = () => this.#wake();
    return new ApprovalDesk(
      {
        mask,
        judge: (call) => judge(call, this.#options.handlers, this.#contextOf(flightOf(call))),
        fail: (call, error) => {
          const flight = flightOf(call);
          if (flight !== undefined) this.#fail(flight, error);
        },
        make: (call, passed) => {
          const flight = flightOf(call);
          if (flight === undefined || flight.settled) return;
          flight.effect = passed.effect;
          const reply = this.#act(flight, passed);
          if (reply !== undefined) this.#complete(flight, reply);
        },
      },
      decisions,
    );
  }

  /** Nothing has an effect before it is approved. */
  #wait(flight: Flight): void {
    flight.effect = 'none';
    this.#approvals.wait(flight.call);
  }

  #onlyApprovalsWait(): boolean {
    return this.#flights.size > 0 && [...this.#flights.values()].every(({ call }) => this.#approvals.isWaiting(call));
  }

  #begin(call: Call, isRepeated = false): Flight {
    const flight: Flight = { call, controller: undefined, startedMs: this.#options.monotonicMs(), effect: 'none', settled: false, isRepeated, tokens: 0 };
    this.#flights.set(call.id, flight);
    return flight;
  }

  #context(signal: () => AbortSignal, flight?: Flight): SyscallContext {
    const progress = flight === undefined ? undefined : () => this.#progress(flight);
    return {
      grant: this.#options.grant,
      get signal() {
        return signal();
      },
      get progress() {
        return progress?.();
      },
    };
  }

  #contextOf(flight: Flight | undefined): SyscallContext {
    return this.#context(() => (flight === undefined ? new AbortController() : controllerOf(flight)).signal, flight);
  }

  #progress(flight: Flight): CallProgress {
    return {
      part: (bytes) => this.#part(flight, bytes),
      reserve: (wanted) => this.#tokens.reserve(wanted, controllerOf(flight).signal, (tokens) => (flight.tokens += tokens)),
      spent: (message) => this.#spend(flight, message),
      note: (text) => this.#options.onNote(text),
    };
  }

  /** What the guest has not taken yet goes to it in one. */
  #part(flight: Flight, bytes: Uint8Array): void {
    if (flight.settled || flight.isRepeated) return;
    const waiting = this.#completed.findIndex((completion) => completion.flight === flight);
    const before = this.#completed[waiting]?.reply.body ?? EMPTY;
    const part = { flight, reply: { status: REPLY_STATUS.chunk, body: this.#options.mask(Buffer.concat([before, bytes])) } };
    this.#completed.splice(waiting < 0 ? this.#completed.length : waiting, waiting < 0 ? 0 : 1, part);
    this.#wake();
  }

  /** Undefined when an error reply was given instead. */
  #judge(flight: Flight, call = flight.call): Passed | undefined {
    try {
      const passed = judge(call, this.#options.handlers, this.#contextOf(flight));
      flight.effect = passed.effect;
      return passed;
    } catch (error) {
      this.#fail(flight, error);
      return undefined;
    }
  }

  #act(flight: Flight, passed: Passed): Reply | undefined {
    try {
      const result = passed.act();
      if (result instanceof Uint8Array) return this.#inlineReply(flight, result);
      result.then(
        (bytes) => this.#succeed(flight, bytes),
        (error: unknown) => this.#fail(flight, error),
      );
    } catch (error) {
      this.#fail(flight, error);
    }
    return undefined;
  }

  #inlineReply(flight: Flight, bytes: Uint8Array): Reply | undefined {
    if (bytes.length > RUN_LIMITS.replyBytesMax) {
      this.#fail(flight, tooLarge());
      return undefined;
    }
    this.#flights.delete(flight.call.id);
    return this.#toReply(flight, bytes);
  }

  #succeed(flight: Flight, bytes: Uint8Array): void {
    if (bytes.length > RUN_LIMITS.replyBytesMax) this.#fail(flight, tooLarge());
    else this.#complete(flight, this.#toReply(flight, bytes));
  }

  #toReply(flight: Flight, bytes: Uint8Array): Reply {
    return { status: REPLY_STATUS.result, body: this.#options.mask(bytes), latencyUs: this.#latencyUs(flight), ...tokensOf(flight) };
  }

  #latencyUs({ startedMs }: Flight): number {
    return Math.max(0, Math.round((this.#options.monotonicMs() - startedMs) * 1000));
  }

  #fail(flight: Flight, error: unknown): void {
    if (flight.settled) return;
    if (error instanceof SyscallError) {
      this.#complete(flight, this.#errorReply(flight, error));
      return;
    }
    flight.settled = true;
    this.#failure ??= { end: 'host_failed', message: `${flight.call.name}: ${error instanceof Error ? error.message : String(error)}` };
    this.#wake();
  }

  /** The call stays without a reply; what came of those before it is still given, and counted. */
  #spend(flight: Flight, message: string): void {
    flight.settled = true;
    this.#spent ??= { end: 'token_limit', message };
    this.#wake();
  }

  #errorReply(flight: Flight, error: SyscallError): Reply {
    const isDenial = error.code === 'permission_denied' && error.rule !== undefined;
    if (isDenial) this.#options.onDenied({ syscall: flight.call.name, asked: error.asked ?? '', rule: error.rule ?? '' });
    const body = this.#options.mask(packPayload(error.toData()));
    return { status: REPLY_STATUS.error, body, denied: isDenial ? error.rule : undefined, latencyUs: this.#latencyUs(flight), ...tokensOf(flight) };
  }

  #complete(flight: Flight, reply: Reply): void {
    if (flight.settled) return;
    flight.settled = true;
    this.#completed.push({ flight, reply });
    this.#wake();
  }

  #cancel(call: Call): Reply | undefined {
    const id = readCancel(call);
    if (id === undefined) {
      this.#fail(this.#begin(call), new SyscallError('invalid_argument', 'cancel needs the id of a call: {"id": n}'));
      return undefined;
    }
    const flight = this.#flights.get(id);
    if (flight !== undefined && !flight.settled) {
      this.#approvals.giveUp(flight.call);
      this.#fail(flight, new SyscallError('aborted', `The call ${flight.call.name} was cancelled`));
      controllerOf(flight).abort();
    }
    return { status: REPLY_STATUS.result, body: EMPTY };
  }

  #toDelivery({ flight, reply }: Completion): Delivery {
    if (reply.status !== REPLY_STATUS.chunk) this.#flights.delete(flight.call.id);
    return { ...reply, call: flight.call, clock: this.#options.nowNs(), durable: flight.effect !== 'none' };
  }

  #outsideEnd(): OutsideEnd | undefined {
    const { signal } = this.#options;
    if (signal.aborted) {
      if (!(signal.reason instanceof RunSuspended)) return { end: 'cancelled', message: 'The run was cancelled' };
      if (!this.#hasEffects()) throw signal.reason;
    }
    return this.#failure ?? this.#wallEnd();
  }

  /** Looked at in each call, too: a guest whose replies are all inline does not rest. */
  #wallEnd(): OutsideEnd | undefined {
    if (this.#options.monotonicMs() <= this.#wallEndMs) return undefined;
    return { end: 'wall_limit', message: `The run took longer than ${this.#options.grant.manifest.budgets.wallMsMax} ms (resources.wall)` };
  }

  /** What was done outside is brought on record before a run rests for long. */
  #hasEffects(): boolean {
    return [...this.#flights.values()].some(({ effect }) => effect !== 'none');
  }

  async #takeTurns(): Promise<void> {
    if (this.#options.monotonicMs() - this.#turnMs < TURN_MS_MAX) return;
    await nextTurn();
    this.#turnMs = this.#options.monotonicMs();
  }

  /** A reply, a cancellation, or the end of the time. */
  async #somethingHappens(): Promise<void> {
    const { signal, monotonicMs } = this.#options;
    const leftMs = Math.min(this.#wallEndMs - monotonicMs() + 1, TIMER_MS_MAX);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#wake(), leftMs);
      this.#wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', this.#wake);
        resolve();
      };
      signal.addEventListener('abort', this.#wake, { once: true });
    });
    this.#turnMs = monotonicMs();
  }
}

function controllerOf(flight: Flight): AbortController {
  return (flight.controller ??= new AbortController());
}

function tokensOf({ tokens }: Flight): Pick<Reply, 'tokens'> {
  return tokens === 0 ? {} : { tokens };
}

function readCancel({ args }: Call): number | undefined {
  try {
    return cancelSchema.safeParse(unpackPayload(args ?? EMPTY).head).data?.id;
  } catch {
    return undefined;
  }
}

function tooLarge(): SyscallError {
  return new SyscallError('too_large', `The reply has more than ${RUN_LIMITS.replyBytesMax} bytes`);
}
