import type { AgentBudgets } from '../../protocol/agent/manifest.ts';
import type { ApprovalNote, RestEntry, RunEnd } from '../../protocol/agent/recording.ts';
import { REPLY_STATUS } from '../../protocol/agent/syscalls.ts';
import { WASM_PAGE_BYTES } from '../../sandbox/wasm/snapshot/guest-state.ts';
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import { SnapshotWriter } from '../../sandbox/wasm/snapshot/snapshot-writer.ts';
import { fuelForResume } from '../../policy/agent-budgets.ts';
import { isControl, readControlCall, type ControlCall, type LogLevel } from './control-call.ts';
import { openGuest } from '../abi/open-guest.ts';
import type { Activation, AgentGuest } from './agent-guest.ts';
import type { GuestPort } from './guest-port.ts';
import { RandomStream } from './random-stream.ts';
import type { Call, Delivery, OutsideEnd, Reply, ReplySource, RunJournal } from './reply-source.ts';
import { memoryImage } from './memory-image.ts';
import { whenQuiet } from './quiet-runs.ts';
import { syscallName } from './syscall-name.ts';
import { isStep, startPosition, stepsBegun, type RunPosition } from './run-position.ts';
import { RunStop, abiFault, checkLimit } from './run-stop.ts';

/** What the guest returns when it failed for want of memory. */
const OUT_OF_MEMORY = 2;
const EMPTY = new Uint8Array(0);

export interface AgentRunOptions {
  readonly module: MeteredModule;
  readonly budgets: AgentBudgets;
  /** 32 bytes */
  readonly seed: Uint8Array;
  /** the guest's clock at the start, ns since the epoch */
  readonly clock: bigint;
  readonly journal: RunJournal;
  readonly replies: ReplySource;
  /** the rest that comes next is compared and not written: its hash will do */
  readonly hashesOnly?: () => boolean;
  readonly onLog?: ((level: LogLevel, text: string) => void) | undefined;
  readonly onRest?: ((position: Readonly<RunPosition>) => void) | undefined;
  /** an earlier rest to go on from; absent: from the start */
  readonly from?: RunStart | undefined;
}

/** A rest that a run goes on from. */
export interface RunStart {
  readonly position: RunPosition;
  /** as it was at that rest, and without a host */
  readonly guest: GuestPort;
  /** that saw the guest as it is; absent: a new one */
  readonly snapshots?: SnapshotWriter | undefined;
}

export interface RunResult {
  readonly end: RunEnd;
  /** what `done` said, or what went wrong */
  readonly message: string;
  readonly fuel: bigint;
  readonly steps: number;
  readonly tokens: number;
  readonly memoryPages: number;
}

/**
 * One agent, from its start or a rest to its end. Live, in a replay and in a fork this is the same loop: the guest is entered, runs until it rests, and is resumed with one reply at a time;
 * only the source of replies and the journal differ.
 */
export class AgentRun {
  readonly #options: AgentRunOptions;
  readonly #guest: AgentGuest;
  readonly #random: RandomStream;
  #snapshots: SnapshotWriter | undefined;
  readonly #position: RunPosition;
  readonly #restored: boolean;
  #activationCalls = 0;
  #activationBytes = 0;
  #pendingBytes = 0;
  /** steps done or in flight */
  #stepsBegun: number;
  #fatal: string | undefined;
  #done: string | undefined;

  constructor(options: AgentRunOptions) {
    const { module, budgets, seed, clock, from } = options;
    this.#options = options;
    this.#restored = from !== undefined;
    this.#position = from?.position ?? startPosition(clock);
    this.#stepsBegun = stepsBegun(this.#position);
    for (const { args } of this.#position.pending.values()) this.#pendingBytes += args?.length ?? 0;
    this.#random = new RandomStream(seed, this.#position.randomBytes);
    const memoryPagesMax = Math.floor(budgets.memoryBytesMax / WASM_PAGE_BYTES);
    const host = {
      syscall: (op: number, id: number, args: Uint8Array | undefined) => this.#dispatch(op, id, args),
      clock: () => this.#position.clock,
      random: (length: number) => this.#draw(length),
    };
    this.#guest = from?.guest.attach(host) ?? openGuest(module, host, { memoryPagesMax });
    this.#snapshots = from?.snapshots;
  }

  /** Resolves when the run is over, however it ended; rejects with what is no fault of the guest (a full disk, a divergence). To be called once. */
  async run(): Promise<RunResult> {
    try {
      let end = this.#restored ? undefined : await this.#activate((fuelMax) => this.#guest.start(fuelMax));
      while (end === undefined) {
        const next = await this.#next();
        if ('note' in next) this.#note(next.note);
        else end = 'end' in next ? next : await this.#deliver(next);
      }
      return this.#finish(end);
    } finally {
      this.#guest.close();
      this.#options.replies.close();
    }
  }

  /** What a person decided, and that it is done now: on record before it is. */
  #note(note: ApprovalNote): void {
    this.#options.journal.append(note);
    this.#options.journal.commit();
    if (note.kind === 'decision') this.#position.waiting.delete(note.head.call);
    this.#options.replies.noted(note);
  }

  /** A run that waits for long takes up less meanwhile. */
  async #next(): ReturnType<ReplySource['next']> {
    const happened = whenQuiet(() => {
      this.#snapshots?.pack();
      this.#options.journal.putAway();
    });
    try {
      return await this.#options.replies.next();
    } finally {
      happened();
    }
  }

  #deliver(delivery: Delivery): Promise<OutsideEnd | undefined> {
    const { call } = delivery;
    this.#position.clock = delivery.clock > this.#position.clock ? delivery.clock : this.#position.clock;
    return this.#activate((fuelMax) => {
      this.#record(call, delivery, false);
      if (delivery.durable) this.#options.journal.commit();
      return this.#guest.resume(fuelMax, call.id, delivery.status, delivery.body);
    });
  }

  async #activate(enter: (fuelMax: bigint) => Activation | Promise<Activation>): Promise<OutsideEnd | undefined> {
    this.#position.activation++;
    this.#activationCalls = 0;
    this.#activationBytes = 0;
    const activation = await enter(fuelForResume(this.#options.budgets, this.#position.fuel));
    this.#position.fuel += activation.fuel;
    return activation.kind === 'stopped' ? activation : this.#rest(activation.status);
  }

  #rest(status: number): OutsideEnd | undefined {
    this.#options.journal.append(this.#restEntry());
    this.#options.onRest?.(this.#position);
    const { tokensMax } = this.#options.budgets;
    if (this.#position.tokens > tokensMax && this.#done === undefined) return { end: 'token_limit', message: `Models read and wrote ${this.#position.tokens} tokens for the agent; resources.tokens is ${tokensMax}` };
    if (status === OUT_OF_MEMORY) return { end: 'memory_limit', message: this.#fatal ?? 'The agent ran out of memory' };
    if (status !== 0) return { end: 'agent_threw', message: this.#fatal ?? 'The agent failed and did not say why' };
    if (this.#done !== undefined) return { end: 'done', message: this.#done };
    if (this.#position.pending.size === 0) return { end: 'done', message: '' };
    this.#options.journal.commit();
    this.#options.replies.rested(this.#position.tokens);
    return undefined;
  }

  #restEntry(): RestEntry {
    const { pending, waiting, clock, fuel, randomBytes: _drawn, ...counts } = this.#position;
    const refused = this.#guest.snapshotRefusal;
    const taken = refused === undefined ? this.#snapshotWriter().take(this.#guest.state(), counts.activation, { hashOnly: this.#options.hashesOnly?.() }) : undefined;
    const head = {
      ...counts,
      clock: String(clock),
      fuel: String(fuel),
      memoryPages: this.#guest.memoryPages,
      randomBytes: this.#random.position,
      pending: [...pending.values()].map(({ call }) => call),
      ...(waiting.size === 0 ? {} : { waiting: [...waiting] }),
      ...(taken?.stateHash === undefined ? {} : { state: taken.stateHash }),
    };
    if (refused !== undefined) return { kind: 'rest', head: { ...head, snapshot: { refused } } };
    if (taken?.body === undefined) return { kind: 'rest', head };
    const snapshot = taken.kind === 'key' ? { kind: taken.kind } : { kind: taken.kind, base: taken.base };
    return { kind: 'rest', head: { ...head, snapshot }, body: taken.body };
  }

  /** With the image of its memory it is made at the first rest: no guest's first word waits for that. */
  #snapshotWriter(): SnapshotWriter {
    this.#snapshots ??= new SnapshotWriter(memoryImage(this.#options.module));
    return this.#snapshots;
  }

  #finish({ end, message }: OutsideEnd): RunResult {
    const { fuel, steps, tokens } = this.#position;
    if (end !== 'uncertain') this.#options.journal.append({ kind: 'end', head: { end, message, fuel: String(fuel), steps, tokens } });
    this.#options.journal.commit();
    return { end, message, fuel, steps, tokens, memoryPages: this.#guest.memoryPages };
  }

  /** The way of every syscall: count, number, record, obey or ask for the reply, record that. */
  #dispatch(op: number, id: number, args: Uint8Array | undefined): Uint8Array | undefined {
    const call = this.#accept(op, id, args);
    this.#options.journal.append({ kind: 'call', head: { call: call.call, id, name: call.name, op }, body: args ?? EMPTY });
    const control = readControlCall(call);
    if (control !== undefined) return this.#obey(control);
    const reply = this.#options.replies.inline(call);
    if (reply === undefined || 'asks' in reply) {
      if (reply !== undefined) this.#ask(call, reply.asks);
      this.#position.pending.set(id, call);
      this.#pendingBytes += call.args?.length ?? 0;
      checkLimit('pendingBytesMax', this.#pendingBytes);
      return undefined;
    }
    this.#record(call, reply, true);
    return reply.body;
  }

  #ask({ call }: Call, tool: string): void {
    this.#options.journal.append({ kind: 'ask', head: { call, tool } });
    this.#position.waiting.add(call);
  }

  #accept(op: number, id: number, args: Uint8Array | undefined): Call {
    const name = syscallName(op);
    if (id < 0 || (id === 0 && !isControl(name))) throw abiFault(`The agent called ${name} with the id ${id}`);
    if (this.#position.pending.has(id)) throw abiFault(`The agent used the id ${id} for ${name} while another call with it waits for its reply`);
    checkLimit('activationCallsMax', ++this.#activationCalls);
    checkLimit('runCallsMax', this.#position.calls + 1);
    checkLimit('pendingCallsMax', this.#position.pending.size + 1);
    const call = { call: this.#position.calls++, id, op, name, args };
    this.#countBytes(args?.length ?? 0);
    this.#chargeStep(call);
    return call;
  }

  #chargeStep(call: Call): void {
    if (!isStep(call)) return;
    const { stepsMax } = this.#options.budgets;
    if (this.#stepsBegun >= stepsMax) throw new RunStop('step_limit', `The agent began its step ${stepsMax + 1}; max_steps is ${stepsMax}`);
    this.#stepsBegun++;
  }

  #obey(control: ControlCall): Uint8Array {
    if (control.kind === 'exit') throw control.status === 0 ? new RunStop('done', this.#done ?? '') : new RunStop('agent_exited', `The agent exited with status ${control.status}`);
    if (control.kind === 'done') this.#done ??= control.message;
    else this.#log(control.level, control.text);
    return EMPTY;
  }

  #log(level: LogLevel, text: string): void {
    if (level === 'fatal') this.#fatal = text;
    this.#options.onLog?.(level, text);
  }

  /** A reply that is about to be given. */
  #record(call: Call, reply: Reply, inline: boolean): void {
    const isLast = reply.status !== REPLY_STATUS.chunk;
    const step = isLast && isStep(call) ? { step: ++this.#position.steps } : undefined;
    const outside = { ...(reply.latencyUs === undefined ? undefined : { latencyUs: reply.latencyUs }), ...(reply.tokens === undefined ? undefined : { tokens: reply.tokens }) };
    const { clock, activation } = this.#position;
    const denied = reply.denied === undefined ? undefined : { denied: reply.denied };
    const head = { seq: this.#position.replies++, call: call.call, status: reply.status, inline, ...step, clock: String(clock), activation, ...denied };
    this.#options.journal.append({ kind: 'reply', head, body: reply.body, ...(Object.keys(outside).length === 0 ? undefined : { outside }) });
    this.#position.tokens += reply.tokens ?? 0;
    this.#countBytes(reply.body.length);
    if (!isLast) return;
    this.#position.waiting.delete(call.call);
    if (!inline && this.#position.pending.delete(call.id)) this.#pendingBytes -= call.args?.length ?? 0;
  }

  #countBytes(length: number): void {
    this.#position.bytes += length;
    this.#activationBytes += length;
    checkLimit('activationBytesMax', this.#activationBytes);
    checkLimit('runBytesMax', this.#position.bytes);
  }

  #draw(length: number): Uint8Array {
    checkLimit('runRandomBytesMax', this.#random.position + length);
    return this.#random.draw(length);
  }
}
