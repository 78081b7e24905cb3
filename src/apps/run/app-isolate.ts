/** The conversation with one isolate of one app: what waits to cross, what has crossed, and whose work it is. */
import { BodyKind, SharedSlot, ToGuest, ToHost, type Unpacker } from '../../protocol/boundary.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { AppLimits } from '../../protocol/limits.ts';
import { WASM_MEMORIES_KEPT_MAX } from '../../protocol/wasm-memory.ts';
import { threadMeter } from '../../sandbox/isolate/cpu-clock.ts';
import type { EntryOutcome, Rejection, TenantIsolate } from '../../sandbox/isolate/tenant-isolate.ts';
import type { ActiveRequest } from './active-request.ts';
import type { AppIsolateEvents, IsolateEnd } from './app-isolate-events.ts';
import { CallDesk } from './call-desk.ts';
import type { EgressPolicy } from '../../protocol/app.ts';
import type { BindingFace } from '../../protocol/bindings/binding-kinds.ts';
import { EntryBudget } from './entry-budget.ts';
import type { Runnable } from './entry-scheduler.ts';
import { GuestAlarm } from './guest-alarm.ts';
import { GuestInbox, type CrossingBuffers, type GuestMessage } from './guest-inbox.ts';
import { GuestStreams } from './guest-streams.ts';
import type { HostCallTable } from './host-call.ts';
import type { SlicedWork } from './host-rounds.ts';
import { requestMessage } from './request-message.ts';
import { ToGuestQueue, type ToGuestMessage } from './to-guest-queue.ts';
import { writeResponse, type GuestBody } from './write-response.ts';

const MB = 1024 * 1024;
/** See guest/kernel/wasm-memory-budget.ts. */
const WASM_PER_LIMIT = 2;

export interface AppIsolateOptions {
  readonly app: string;
  readonly limits: AppLimits;
  readonly egress: EgressPolicy;
  readonly bindings: Readonly<Record<string, BindingFace>>;
  readonly calls: HostCallTable;
  readonly events: AppIsolateEvents;
}

/** What the guest posts is read at once when more than this waits. */
const INBOX_BYTES_MAX = 32 * MB;
/** Of what an entry has posted, so much is read as soon as it ends. */
const READ_MS = 1;

export class AppIsolate implements Runnable, SlicedWork {
  readonly #options: AppIsolateOptions;
  readonly #events: AppIsolateEvents;
  readonly #queue = new ToGuestQueue();
  readonly #inbox = new GuestInbox();
  readonly #alarm: GuestAlarm;
  readonly #streams: GuestStreams;
  readonly #calls: CallDesk;
  readonly #active = new Map<number, ActiveRequest>();
  readonly #budget: EntryBudget;
  #arriving: ActiveRequest[] = [];
  #isolate: TenantIsolate | undefined;
  #lastId = 0;
  #dead = false;
  #isEnding = false;
  /** the guest has posted more than could be read in time: until it is read, it has no turn to post more */
  #isBehind = false;
  #isEntered = false;
  /** finished while the entry that answered them goes on: they are charged for it first */
  #finishedInEntry: ActiveRequest[] = [];

  constructor(options: AppIsolateOptions) {
    this.#options = options;
    this.#events = options.events;
    this.#budget = new EntryBudget(options.limits.cpuMsMax);
    const wake = (): void => this.#events.wake();
    this.#streams = new GuestStreams(this.#queue, wake);
    this.#alarm = new GuestAlarm((owner) => this.#wake(owner), () => this.#active.size > 0);
    this.#calls = new CallDesk({
      app: options.app,
      egress: options.egress,
      bindings: options.bindings,
      calls: options.calls,
      queue: this.#queue,
      streams: this.#streams,
      wake,
      // of code that waited for another request's promise nobody can tell whose it is: any of those that are under way will do
      request: (id) => this.#active.get(id) ?? this.#newest(),
      subrequestsMax: options.limits.subrequestsMax,
      cpuExceeded: (request) => this.#checkCharge(request),
    });
  }

  #newest(): ActiveRequest | undefined {
    let newest: ActiveRequest | undefined;
    for (const active of this.#active.values()) newest = active;
    return newest;
  }

  /** The isolate this speaks with; its `post` must be {@link receive}. */
  bind(isolate: TenantIsolate): void {
    this.#isolate = isolate;
  }

  get app(): string {
    return this.#options.app;
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** Requests inside, waiting to cross or not finished. */
  get load(): number {
    return this.#active.size + this.#arriving.length;
  }

  hasWork(): boolean {
    return !this.#dead && !this.#isBehind && (!this.#queue.isEmpty || this.#arriving.length > 0);
  }

  heapBytes(): number {
    return this.#isolate?.heapBytes() ?? 0;
  }

  /** See TenantIsolate. */
  get wasmUse(): { bytes: number; memories: number } {
    return this.#isolate?.wasmUse ?? { bytes: 0, memories: 0 };
  }

  get memoryBytesMax(): number {
    return this.#options.limits.memoryMbMax * MB;
  }

  accept(request: ActiveRequest): void {
    this.#arriving.push(request);
  }

  /** One entry with what waits now. */
  async turn(): Promise<number | undefined> {
    const isolate = this.#isolate;
    if (isolate === undefined || this.#dead || this.#isBehind) return undefined;
    const owners = new Set<number>();
    this.#queue.packWaiting(owners);
    const fresh = this.#packArriving(owners);
    const { packed, buffers } = this.#queue.take();
    if (packed === '|') return undefined;
    this.#isEntered = true;
    const outcome = await isolate.enter(packed, Date.now(), buffers, this.#budget.of(this.#ownersOf(owners)));
    this.#charge(outcome, owners, fresh);
    return outcome.cpuMs;
  }

  #ownersOf(ids: ReadonlySet<number>): ActiveRequest[] {
    const owners: ActiveRequest[] = [];
    for (const id of ids) {
      const owner = this.#active.get(id);
      if (owner !== undefined) owners.push(owner);
    }
    return owners.length > 0 ? owners : [...this.#active.values()];
  }

  #packArriving(owners: Set<number>): ActiveRequest[] {
    const fresh: ActiveRequest[] = [];
    const most = this.#budget.itemsMax(owners.size);
    while (this.#arriving.length > 0 && (fresh.length < most || owners.size === 0) && this.#queue.hasRoom(1)) {
      const active = this.#arriving.shift()!;
      if (active.sink.gone) {
        this.#drop(active);
        continue;
      }
      active.id = ++this.#lastId;
      const message = this.#messageOf(active);
      if (message === undefined) continue;
      this.#active.set(active.id, active);
      this.#queue.pack(message);
      owners.add(active.id);
      fresh.push(active);
    }
    this.#alarm.resume();
    return fresh;
  }

  /** Undefined: there is no room for its body, and it was refused. */
  #messageOf(active: ActiveRequest): ToGuestMessage | undefined {
    try {
      return requestMessage(active, this.#streams);
    } catch (error) {
      if (!(error instanceof NanosError)) throw error;
      active.sink.fail(error);
      this.#events.refused(active, error);
      this.#drop(active);
      return undefined;
    }
  }

  #drop(active: ActiveRequest): void {
    active.answered = true;
    active.bodyDone = true;
    this.#events.finished(active);
  }

  #charge(outcome: EntryOutcome, owners: ReadonlySet<number>, fresh: readonly ActiveRequest[]): void {
    const charged = this.#ownersOf(owners);
    const share = charged.length === 0 ? 0 : outcome.cpuMs / charged.length;
    const readUntilMs = performance.now() + READ_MS;
    if (outcome.end === 'done') this.slice(() => performance.now() < readUntilMs);
    else this.#readLast();
    for (const active of charged) active.cpuMs += share;
    this.#budget.learn(outcome.cpuMs, owners.size);
    this.#passRejectionOn(outcome.rejection, charged);
    this.#settleFinished();
    if (this.#dead) return;
    if (outcome.end !== 'done') {
      const started = this.#isolate!.progress[SharedSlot.started]!;
      const suspects = charged.filter((active) => this.#active.get(active.id) === active);
      this.#end(outcome.end === 'cpu' ? 'cpu_limit' : outcome.end === 'memory' ? 'memory_limit' : 'app_restarted', outcome.message, suspects, fresh.slice(started));
      return;
    }
    for (const active of charged) {
      if (this.#active.has(active.id) && this.#checkCharge(active)) return;
    }
    this.#checkWasm(charged);
  }

  /** Some of it may be garbage that V8 has not collected: up to twice the limit the isolate finishes what it has. */
  #checkWasm(charged: readonly ActiveRequest[]): void {
    const { bytes, memories } = this.wasmUse;
    const limit = this.memoryBytesMax;
    if (bytes > WASM_PER_LIMIT * limit) this.#end('memory_limit', 'WebAssembly memories over the memory limit', charged, []);
    else if (bytes > limit) this.#events.outgrown();
    else if (memories > WASM_MEMORIES_KEPT_MAX) this.#events.crowded();
  }

  /** The guest learns of it in an entry of its own, for which a request pays that was in this one. */
  #passRejectionOn(rejection: Rejection | undefined, charged: readonly ActiveRequest[]): void {
    for (const active of charged) this.#rejectionTold(active);
    if (rejection === undefined || this.#dead) return;
    const { name, message: text, stack } = rejection;
    const payer = charged.find((active) => this.#active.get(active.id) === active);
    if (payer === undefined) return this.#events.log('error', undefined, `Uncaught (in promise) ${stack === '' ? text : stack}`);
    payer.rejectionPending = true;
    this.#queue.push(ToGuest.rejection, [name, text, stack], payer.id);
    this.#events.wake();
  }

  #rejectionTold(active: ActiveRequest): void {
    if (!active.rejectionPending) return;
    active.rejectionPending = false;
    this.#finishIfDone(active);
  }

  #settleFinished(): void {
    this.#isEntered = false;
    for (const active of this.#finishedInEntry.splice(0)) this.#finishIfDone(active);
  }

  /** Ends the isolate when a request has used up its CPU. */
  #checkCharge(active: ActiveRequest): boolean {
    if (this.#dead || active.cpuMs <= this.#options.limits.cpuMsMax) return false;
    this.#end('cpu_limit', 'over the CPU limit', [active], []);
    return true;
  }

  #end(code: IsolateEnd['code'], text: string, suspects: readonly ActiveRequest[], notStarted: readonly ActiveRequest[]): void {
    if (this.#dead || this.#isEnding) return;
    this.#isEnding = true;
    this.#readLast();
    this.#settleFinished();
    const current = this.#active.get(this.#isolate?.progress[SharedSlot.current] ?? 0);
    const seen = suspects.filter((suspect) => !notStarted.includes(suspect));
    const guilty = seen.length === 1 ? seen[0] : current !== undefined && seen.includes(current) ? current : seen[0];
    const started = [...this.#active.values()].filter((active) => !notStarted.includes(active));
    const waiting = [...notStarted, ...this.#arriving];
    for (const active of notStarted) {
      this.#active.delete(active.id);
      this.#streams.withdraw(active.id);
      active.id = 0;
    }
    this.#arriving = [];
    this.#release();
    this.#events.ended({ code, message: text, guilty, notStarted: waiting, started });
  }

  /** The isolate's thread is lost: nothing will come back from it. */
  lose(text: string): void {
    this.#end('memory_limit', text, [...this.#active.values()], []);
  }

  /** It takes more memory than it may: what it has is lost, an entry under way is stopped. */
  endForMemory(text: string): void {
    if (this.#dead || this.#isolate?.stopForMemory() === true) return;
    this.#end('memory_limit', text, [...this.#active.values()], []);
  }

  /** A fault of the host in a turn, or while what the guest posted was read: what is under way is lost, and nobody is to blame. */
  failed(error: unknown): void {
    this.#isEnding = false;
    this.#end('app_restarted', `The host failed: ${error instanceof Error ? error.message : 'unknown'}`, [], []);
  }

  /** Frees the isolate. What is unfinished is lost. */
  dispose(): void {
    if (!this.#dead) this.#release();
  }

  #release(): void {
    this.#dead = true;
    this.#alarm.stop();
    this.#inbox.clear();
    for (const active of this.#active.values()) active.endWork();
    this.#calls.clear();
    this.#streams.release(undefined, 'The app was restarted');
    this.#isolate?.dispose();
  }

  /** A request that is over for its client (gone, timed out): the guest learns, and its streams and calls end. */
  abandon(active: ActiveRequest): void {
    const waiting = this.#arriving.indexOf(active);
    if (waiting >= 0) {
      this.#arriving.splice(waiting, 1);
      return this.#drop(active);
    }
    if (this.#active.get(active.id) !== active || this.#dead) return;
    this.#queue.push(ToGuest.abort, [active.id], active.id);
    this.#streams.release(active.id, 'The client disconnected');
    active.endWork();
    this.#events.wake();
  }

  /** Forgets a request entirely, though the guest may never be done with it. */
  forget(active: ActiveRequest): void {
    if (this.#active.get(active.id) !== active) return;
    this.#active.delete(active.id);
    this.#streams.release(active.id, 'The request ended');
    active.endWork();
  }

  #finishIfDone(active: ActiveRequest): void {
    if (!active.isFinished || this.#active.get(active.id) !== active) return;
    if (this.#isEntered) {
      this.#finishedInEntry.push(active);
      return;
    }
    this.forget(active);
    this.#events.finished(active);
  }

  // What the guest posts

  /** One crossing from the guest. Its content is not trusted: unknown ids are ignored, a malformed crossing ends the isolate. */
  receive(packed: string, buffers: CrossingBuffers): void {
    if (this.#dead) return;
    this.#inbox.add(packed, buffers);
    if (this.#inbox.bytes > INBOX_BYTES_MAX) this.slice(() => this.#inbox.bytes > INBOX_BYTES_MAX);
    this.#events.posted(this);
  }

  /** Reads what the guest has posted; the app is charged for it, and a request for its host calls. */
  slice(goOn: () => boolean): boolean {
    if (this.#dead || this.#inbox.isEmpty) return false;
    const usedMs = threadMeter();
    const startedMs = performance.now();
    const callMs = new Map<ActiveRequest, number>();
    while (this.#readNext(callMs) && goOn());
    const cpuMs = usedMs();
    this.#events.charged(cpuMs);
    const cpuPart = Math.min(1, cpuMs / (performance.now() - startedMs));
    for (const [active, ms] of callMs) this.#chargeCall(active, ms * cpuPart);
    return this.#dead ? false : this.#readOn();
  }

  #readOn(): boolean {
    const wasBehind = this.#isBehind;
    this.#isBehind = !this.#inbox.isEmpty;
    if (wasBehind && this.hasWork()) this.#events.wake();
    return this.#isBehind;
  }

  /** False: nothing is left. */
  #readNext(callMs: Map<ActiveRequest, number>): boolean {
    try {
      const message = this.#inbox.next();
      if (message === undefined) return false;
      if (message.kind === ToHost.call) this.#openCall(message, callMs);
      else this.#receive(message.kind, message.unpacker, message.buffers);
    } catch (error) {
      this.#inbox.drop();
      this.#end('app_restarted', `Malformed crossing: ${error instanceof Error ? error.message : 'unknown'}`, [...this.#active.values()], []);
    }
    return !this.#dead && !this.#inbox.isEmpty;
  }

  #openCall({ unpacker, buffers }: GuestMessage, callMs: Map<ActiveRequest, number>): void {
    const startedMs = performance.now();
    const request = this.#calls.open(unpacker, buffers);
    if (request !== undefined) callMs.set(request, (callMs.get(request) ?? 0) + performance.now() - startedMs);
  }

  #chargeCall(active: ActiveRequest, cpuMs: number): void {
    active.cpuMs += cpuMs;
    if (this.#active.get(active.id) === active) this.#checkCharge(active);
  }

  /** The isolate ends: what it has posted before counts, but no call begins any more. */
  #readLast(): void {
    try {
      for (let message = this.#inbox.next(); message !== undefined && !this.#dead; message = this.#inbox.next()) {
        if (message.kind !== ToHost.call) this.#receive(message.kind, message.unpacker, message.buffers);
      }
    } catch {
      this.#inbox.clear();
    }
  }

  #receive(kind: number, unpacker: Unpacker, buffers: readonly (ArrayBuffer | undefined)[]): void {
    switch (kind) {
      case ToHost.response:
        return this.#respond(unpacker, buffers);
      case ToHost.fail:
        return this.#fail(unpacker);
      case ToHost.done:
        return this.#waitUntilDone(unpacker.number());
      case ToHost.cancelCall:
        return this.#calls.cancel(unpacker.number());
      case ToHost.pull:
        return this.#streams.pull(unpacker.number());
      case ToHost.cancel:
        return this.#streams.cancelOffered(unpacker.number());
      case ToHost.chunk:
        return this.#streams.consumer(unpacker.number())?.chunk(new Uint8Array(bufferAt(buffers, unpacker.number())));
      case ToHost.textChunk:
        return this.#streams.consumer(unpacker.number())?.chunk(unpacker.field());
      case ToHost.end:
        return this.#streams.finishConsumer(unpacker.number())?.end();
      case ToHost.streamError:
        return this.#streamFailed(unpacker.number(), unpacker.field());
      case ToHost.wake:
        return this.#alarm.set(unpacker.field(), unpacker.number());
      case ToHost.log:
        return this.#events.log(unpacker.field(), this.#active.get(unpacker.number()), unpacker.field());
      default:
        throw new RangeError(`unknown message ${kind}`);
    }
  }

  #respond(unpacker: Unpacker, buffers: readonly (ArrayBuffer | undefined)[]): void {
    const active = this.#active.get(unpacker.number());
    const status = unpacker.number();
    const statusText = unpacker.field();
    const flags = unpacker.number();
    const kind = unpacker.number();
    const body = unpacker.field();
    const headers: string[] = [];
    while (unpacker.fieldsLeft > 0) headers.push(unpacker.field());
    if (active === undefined) return;
    active.waitUntilPending = flags !== 0;
    if (active.answered) {
      if (kind === BodyKind.stream) this.#streams.decline(Number(body), active.id);
      return;
    }
    active.answered = true;
    active.progressMs = performance.now();
    const refusal = writeResponse(active, { status, statusText, headers }, bodyOf(kind, body, buffers), this.#streams, () => this.#finishIfDone(active));
    if (refusal !== undefined) this.#events.refused(active, refusal);
    this.#finishIfDone(active);
  }

  #fail(unpacker: Unpacker): void {
    const active = this.#active.get(unpacker.number());
    const flags = unpacker.number();
    const failure = { name: unpacker.field(), message: unpacker.field(), stack: unpacker.field() };
    if (active === undefined) return;
    active.waitUntilPending = flags !== 0;
    if (!active.answered) {
      active.answered = true;
      active.bodyDone = true;
      this.#events.threw(active, failure);
    }
    this.#finishIfDone(active);
  }

  #waitUntilDone(id: number): void {
    const active = this.#active.get(id);
    if (active === undefined) return;
    active.waitUntilPending = false;
    this.#finishIfDone(active);
  }

  #streamFailed(id: number, text: string): void {
    const consumer = this.#streams.finishConsumer(id);
    if (consumer === undefined) return;
    this.#events.log('error', this.#active.get(consumer.owner), `Uncaught (in a response or request body) ${text}`);
    consumer.error(text);
  }

  #wake(owner: number): void {
    this.#queue.push(ToGuest.wake, [], owner);
    this.#events.wake();
  }
}

function bodyOf(kind: number, field: string, buffers: CrossingBuffers): GuestBody {
  if (kind === BodyKind.stream) return { streamId: Number(field) };
  if (kind === BodyKind.buffer) return new Uint8Array(bufferAt(buffers, Number(field)));
  return kind === BodyKind.text ? field : null;
}

function bufferAt(buffers: readonly (ArrayBuffer | undefined)[], index: number): ArrayBuffer {
  const buffer = buffers[index];
  if (buffer === undefined) throw new RangeError('no such buffer');
  return buffer;
}
