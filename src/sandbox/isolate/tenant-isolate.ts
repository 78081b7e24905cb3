/** One V8 isolate restored from a snapshot, and the only ways into it. Knows nothing of what runs inside. */
import ivm from 'isolated-vm';
import { randomFillSync } from 'node:crypto';
import { GO_ON, HandedOver, SHARED_SLOTS, SharedSlot } from '../../protocol/boundary.ts';
import { endWatch, watchEntry, type WatchedEntry } from './cpu-watchdog.ts';
import { applyTenantFlags } from './isolate-flags.ts';

applyTenantFlags();

/** A stopped isolate that has not come to rest after this long can't be stopped at all. */
const STOP_MS_MAX = 2_000;
/** Wall time of one entry, as a multiple of its CPU budget: the backstop when the watchdog can't run. */
const WALL_PER_CPU = 20;

const SEED_BYTES = 32;
const WASM_PAGES_PER_MB = 16;
const WASM_PAGE_BYTES = 65_536;

export type Snapshot = ivm.ExternalCopy<ArrayBuffer>;
/** Text that any number of isolates read from the one copy of it, outside of their heaps. */
export type SharedText = ivm.ExternalCopy<string>;
export type HostPost = (packed: string, buffers: readonly (ArrayBuffer | undefined)[]) => void;

export interface TenantIsolateOptions {
  readonly snapshot: Snapshot;
  /** source of what the program in the snapshot compiles when it is needed; undefined where it won't be */
  readonly partTexts: SharedText | undefined;
  readonly memoryMbMax: number;
  /** first value of {@link TenantIsolate.onCatastrophe} */
  readonly onCatastrophe?: ((message: string) => void) | undefined;
}

export interface Environment {
  readonly varsJson: string;
  readonly secretsJson: string;
  /** a list of names with the kind of each */
  readonly bindingsJson: string;
  readonly wasm: readonly ArrayBuffer[];
}

export interface Program {
  readonly source: string;
  readonly filename: string;
  readonly codeCache: Uint8Array | undefined;
  /** a second script, run once the microtasks of the first have come to rest */
  readonly check: string | undefined;
}

/** `cpu`: over its budget · `memory`: over the limit · `failed`: threw out of the boundary or was disposed. Only after `done` is the isolate still usable. */
export interface EntryOutcome {
  readonly end: 'done' | 'cpu' | 'memory' | 'failed';
  readonly cpuMs: number;
  readonly message: string;
  /** with `done`: a promise was rejected in this entry and nobody handles it; the first one */
  readonly rejection?: Rejection | undefined;
}

/** What a promise was rejected with. `name` is empty when that is no error; then `message` is its text. */
export interface Rejection {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

type Entry = ivm.Reference<(...args: unknown[]) => unknown>;
type Dispatch = ivm.Reference<(...args: (string | number | ArrayBuffer)[]) => void>;

export class TenantIsolate {
  readonly #isolate: ivm.Isolate;
  readonly #context: ivm.Context;
  readonly #entry: Entry;
  readonly #partTexts: SharedText | undefined;
  readonly #memoryMbMax: number;
  readonly #shared = new Int32Array(new SharedArrayBuffer(SHARED_SLOTS * 4));
  #dispatch: Dispatch | undefined;
  #lost = false;
  #loseEntry: ((message: string) => void) | undefined;
  #stopEntry: ((end: 'cpu' | 'memory') => void) | undefined;

  /** The isolate's thread is lost: parked by V8, or not to be stopped. The process should be replaced. */
  onCatastrophe: (message: string) => void;

  private constructor(isolate: ivm.Isolate, context: ivm.Context, entry: Entry, { partTexts, memoryMbMax, onCatastrophe = () => undefined }: TenantIsolateOptions) {
    this.onCatastrophe = onCatastrophe;
    this.#memoryMbMax = memoryMbMax;
    this.#partTexts = partTexts;
    this.#isolate = isolate;
    this.#context = context;
    this.#entry = entry;
  }

  static async create(options: TenantIsolateOptions): Promise<TenantIsolate> {
    const { onCatastrophe = () => undefined } = options;
    const holder: { report: (message: string) => void } = { report: onCatastrophe };
    const isolate = new ivm.Isolate({
      snapshot: options.snapshot,
      memoryLimit: options.memoryMbMax,
      onCatastrophicError: (message) => holder.report(message),
    });
    const context = await isolate.createContext();
    const tenant = new TenantIsolate(isolate, context, (await context.global.get('__nanos', { reference: true })) as Entry, options);
    holder.report = (message) => tenant.#lose(message);
    return tenant;
  }

  /** Slots of protocol/boundary.ts `SharedSlot`, written by the guest's boundary. */
  get progress(): Int32Array {
    return this.#shared;
  }

  /** What the guest's boundary last said of its WebAssembly memories, which are in no heap. */
  get wasmUse(): { bytes: number; memories: number } {
    return { bytes: this.#shared[SharedSlot.wasmPages]! * WASM_PAGE_BYTES, memories: this.#shared[SharedSlot.wasmMemories]! };
  }

  /** V8 heap and buffers, in bytes; 0 once it is disposed of. Not while it is entered: the answer would wait for that to end. */
  heapBytes(): number {
    return unlessDisposed(() => {
      const { total_heap_size: heap, externally_allocated_size: external } = this.#isolate.getHeapStatisticsSync();
      return heap + external;
    }) ?? 0;
  }

  /** Connects the guest's boundary to `post`. Once. */
  async attach(post: HostPost, environment: Environment, budgetMs: number): Promise<EntryOutcome> {
    const callback = callbackTo(post);
    const seed = randomFillSync(new Uint8Array(SEED_BYTES)).buffer;
    const wasm = new ivm.ExternalCopy([...environment.wasm]).copyInto({ release: true });
    const args = ['attach', callback, new ivm.ExternalCopy(this.#shared.buffer).copyInto(), moveIn(seed), environment.varsJson, environment.secretsJson, environment.bindingsJson, wasm, this.#partTexts?.copyInto() ?? '', this.#memoryMbMax * WASM_PAGES_PER_MB];
    return this.#run(budgetMs, async (timeout) => {
      const dispatch = (await this.#entry.apply(undefined, args, { timeout, result: { reference: true } })) as Dispatch;
      if (dispatch.typeof !== 'function') throw new Error('The program keeps the host from attaching');
      this.#dispatch = dispatch;
    });
  }

  /** Runs top-level code. When it throws a string, the outcome is `failed` and that string its message; it must not throw anything else. */
  async evaluate(program: Program, budgetMs: number): Promise<EntryOutcome> {
    return this.#run(budgetMs, async (timeout) => {
      const options = { filename: program.filename, ...cachedData(program.codeCache) };
      const script = await this.#isolate.compileScript(program.source, options);
      await script.run(this.#context, { timeout, release: true });
      if (program.check !== undefined) await this.#context.eval(program.check, { timeout });
    });
  }

  /** Events the program handles. */
  async handlers(budgetMs: number): Promise<string[]> {
    const names: unknown = await this.#entry.apply(undefined, ['handlers'], { timeout: budgetMs });
    return typeof names === 'string' ? names.split(',').filter((name) => name !== '') : [];
  }

  /** One crossing into the guest, in as many entries as it wants. One at a time. */
  async enter(packed: string, timeMs: number, buffers: readonly ArrayBuffer[], budgetMs: number): Promise<EntryOutcome> {
    this.#shared[SharedSlot.started] = 0;
    let outcome = await this.#enterOnce([packed, timeMs, ...buffers.map(moveIn)], budgetMs);
    let { cpuMs, rejection } = outcome;
    while (outcome.end === 'done' && this.#shared[SharedSlot.handedOver] === HandedOver.part) {
      outcome = await this.#enterOnce([GO_ON, timeMs], Math.max(1, budgetMs - cpuMs));
      cpuMs += outcome.cpuMs;
      rejection ??= outcome.rejection;
    }
    return { ...outcome, cpuMs, rejection: outcome.end === 'done' ? rejection : undefined };
  }

  async #enterOnce(args: (string | number | ivm.Copy<ArrayBuffer>)[], budgetMs: number): Promise<EntryOutcome> {
    const dispatch = this.#dispatch;
    if (dispatch === undefined) throw new Error('The isolate is not attached');
    this.#shared[SharedSlot.handedOver] = HandedOver.nothing;
    let rejection: Rejection | undefined;
    const copiesBytes = ivm.ExternalCopy.totalExternalSize;
    const outcome = await this.#run(budgetMs, async (timeout) => {
      try {
        await dispatch.apply(undefined, args, { timeout });
      } catch (error) {
        rejection = describeRejection(error, ivm.ExternalCopy.totalExternalSize - copiesBytes);
        throw error;
      }
    });
    // isolated-vm fails a call that was made well for a promise that nobody handles
    if (outcome.end !== 'failed' || this.#isolate.isDisposed || this.#lost || this.#shared[SharedSlot.handedOver] === HandedOver.nothing) return outcome;
    return { end: 'done', cpuMs: outcome.cpuMs, message: '', rejection };
  }

  /** Ends the entry under way with `memory`. False: there is none. */
  stopForMemory(): boolean {
    if (this.#stopEntry === undefined || this.#lost) return false;
    this.#stopEntry('memory');
    return true;
  }

  /** Frees the isolate; code that runs in it is stopped. */
  dispose(): void {
    if (!this.#lost) unlessDisposed(() => this.#isolate.dispose());
  }

  async #run(budgetMs: number, action: (timeoutMs: number) => Promise<unknown>): Promise<EntryOutcome> {
    const isolate = this.#isolate;
    const cpuTimeAtStart = unlessDisposed(() => isolate.cpuTime);
    if (cpuTimeAtStart === undefined) return { end: 'memory', cpuMs: 0, message: 'the memory limit ended it between two entries' };
    let stopped: 'cpu' | 'memory' | undefined;
    let enteredMs = 0;
    let giveUp: NodeJS.Timeout | undefined;
    const entry: WatchedEntry = {
      budgetMs,
      insideMs: () => {
        // a disposed isolate has no clock: what was read last stands
        const cpuTime = unlessDisposed(() => isolate.cpuTime);
        if (cpuTime !== undefined) enteredMs = Number(cpuTime - cpuTimeAtStart) / 1e6;
        return enteredMs;
      },
      stop: () => stop('cpu'),
    };
    const stop = (end: 'cpu' | 'memory'): void => {
      if (stopped !== undefined) return;
      stopped = end;
      unlessDisposed(() => isolate.dispose());
      giveUp = setTimeout(() => this.#lose('Code that runs in the isolate can not be stopped'), STOP_MS_MAX);
    };
    this.#stopEntry = stop;
    watchEntry(entry);
    const lost = new Promise<string>((resolve) => (this.#loseEntry = resolve));
    const failure = await Promise.race([action(Math.ceil(budgetMs * WALL_PER_CPU) + 1_000).then(() => undefined, messageOf), lost]);
    clearTimeout(giveUp);
    this.#loseEntry = undefined;
    this.#stopEntry = undefined;
    const cpuMs = endWatch(entry);
    if (stopped !== undefined) return { end: stopped, cpuMs, message: stopped === 'cpu' ? 'over the CPU limit' : 'over the memory limit' };
    if (failure === undefined) return { end: 'done', cpuMs, message: '' };
    return { end: endOf(failure), cpuMs, message: failure };
  }

  #lose(message: string): void {
    if (this.#lost) return;
    this.#lost = true;
    this.#loseEntry?.(message);
    this.onCatastrophe(message);
  }
}

/** V8 may dispose of an isolate at any moment, from a thread of its own, when it is over its memory limit: no question before tells. */
function unlessDisposed<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch (error) {
    if (error instanceof Error && /disposed/iu.test(error.message)) return undefined;
    throw error;
  }
}

function endOf(failure: string): EntryOutcome['end'] {
  if (failure.startsWith('Script execution timed out')) return 'cpu';
  // it is nobody else's doing: what the host disposes of, it does not enter
  return /memory limit|out of memory|allocation failed|isolate is disposed/iu.test(failure) ? 'memory' : 'failed';
}

/** Longer than what an app's script throws. */
const FAILURE_TEXT_MAX = 16 * 1024;

/** It may be what the guest rejected a promise with, however long. */
function messageOf(error: unknown): string {
  if (typeof error === 'string') return error.slice(0, FAILURE_TEXT_MAX);
  return error instanceof Error ? error.message.slice(0, FAILURE_TEXT_MAX) : 'The isolate failed';
}

/** The same as where the guest describes an error itself. */
const GUEST_TEXT_MAX = 8 * 1024;
/** What isolated-vm holds of an error that has no longer texts than that, and of what crosses elsewhere meanwhile. */
const REJECTION_BYTES_MAX = 1024 * 1024;
const BOUNDARY = '<isolated-vm boundary>';

/**
 * The texts are the guest's, and as long as it likes. To read a stack is to have isolated-vm copy it, line by line: one that may be long is not read.
 * What isolated-vm adds to it tells of the host.
 */
function describeRejection(reason: unknown, copiedBytes: number): Rejection {
  const bounded = (text: string): string => text.slice(0, GUEST_TEXT_MAX);
  if (!(reason instanceof Error)) return { name: '', message: bounded(String(reason)), stack: '' };
  const { name, message } = reason;
  const { stack = '' } = copiedBytes > REJECTION_BYTES_MAX ? {} : reason;
  const end = stack.indexOf(BOUNDARY);
  const own = end < 0 ? stack : stack.slice(0, Math.max(0, stack.lastIndexOf('\n', end)));
  return { name: bounded(name), message: bounded(message), stack: bounded(own) };
}

function cachedData(codeCache: Uint8Array | undefined): { cachedData?: ivm.ExternalCopy<ArrayBuffer> } {
  if (codeCache === undefined) return {};
  return { cachedData: new ivm.ExternalCopy(new Uint8Array(codeCache).buffer) };
}

/** isolated-vm holds the function for as long as the callback is known: whatever the function reaches must not lead to the callback, or neither ever goes. */
function callbackTo(post: HostPost): ivm.Callback {
  // by its name it would be known inside, if it could be reached there: functions that settle promises have none
  const fromGuest = function fromGuest(packed: unknown, ...buffers: unknown[]): void {
    post(checkedText(packed), buffers.map(checkedBuffer));
  };
  return new ivm.Callback(fromGuest, { ignored: true });
}

/** Moves the buffer's memory into the isolate; it is detached here. */
function moveIn(buffer: ArrayBuffer): ivm.Copy<ArrayBuffer> {
  return new ivm.ExternalCopy(buffer, { transferOut: true }).copyInto({ release: true, transferIn: true });
}

function checkedText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function checkedBuffer(value: unknown): ArrayBuffer | undefined {
  return value instanceof ArrayBuffer ? value : undefined;
}

