/** One app in one cell: its queue, its isolate, its restarts and swaps. */
import type { AppDeployment } from '../../protocol/app.ts';
import type { AppHandler, AppRequest, ResponseSink } from '../../protocol/app-call.ts';
import { NanosError, type ErrorCode } from '../../protocol/errors.ts';
import { WASM_MEMORIES_KEPT_MAX } from '../../protocol/wasm-memory.ts';
import { ActiveRequest } from './active-request.ts';
import type { AppIsolate } from './app-isolate.ts';
import type { AppIsolateEvents, GuestFailure, IsolateEnd } from './app-isolate-events.ts';
import type { EntryScheduler, Runnable } from './entry-scheduler.ts';
import { maskError } from './mask-error.ts';
import { maskOf } from './mask-of.ts';

const SWEEP_MS = 250;
/** After a failed start, requests are refused without another try for this long, doubling up to the maximum. */
const START_HOLD_MS_MIN = 100;
const START_HOLD_MS_MAX = 10_000;
const OVERLOAD_RETRY_S = 1;
const NO_WASM = { bytes: 0, memories: 0 };

export interface RequestOutcome {
  readonly outcome: 'ok' | ErrorCode;
  readonly latencyMs: number;
  readonly cpuMs: number;
}

/** What the cell is told of an app's life. */
export interface AppObserver {
  served(app: string, outcome: RequestOutcome): void;
  started(app: string, version: number, startMs: number): void;
  /** What an isolate of that deployment printed, as it is: its secrets are still to be masked. */
  log(deployment: AppDeployment, level: string, requestId: string | undefined, text: string): void;
  /** Something of the host's own happened to the app. */
  event(app: string, level: 'info' | 'warn' | 'error', event: string, fields: Readonly<Record<string, unknown>>): void;
}

/** Starts an isolate for a deployment. Rejects with `app_failed_to_start`. */
export type StartIsolate = (deployment: AppDeployment, events: AppIsolateEvents) => Promise<AppIsolate>;

/** A tenant's stack, in terms of its sources. */
export type MapStack = (deployment: AppDeployment, stack: string) => Promise<string>;

export interface AppRunnerOptions {
  readonly deployment: AppDeployment;
  readonly scheduler: EntryScheduler;
  readonly start: StartIsolate;
  readonly mapStack: MapStack;
  readonly observer: AppObserver;
}

export class AppRunner implements AppHandler {
  readonly #options: AppRunnerOptions;
  readonly #scheduler: EntryScheduler;
  readonly #requests = new Set<ActiveRequest>();
  readonly #homes = new Map<ActiveRequest, AppIsolate>();
  readonly #retiring = new Set<AppIsolate>();
  #deployment: AppDeployment;
  #waiting: ActiveRequest[] = [];
  #current: AppIsolate | undefined;
  #starting = false;
  /** the app is gone */
  #isClosed = false;
  /** on their way up */
  readonly #rising = new Set<AppIsolate>();
  /** replaced because of their memory, and not done yet when they were */
  #recycled: readonly AppIsolate[] = [];
  #startHoldMs = 0;
  #heldUntilMs = 0;
  #lastFailure: NanosError | undefined;
  #quarantinedUntilMs = 0;
  #sweeper: NodeJS.Timeout | undefined;
  #usedMs = performance.now();

  constructor(options: AppRunnerOptions) {
    this.#options = options;
    this.#deployment = options.deployment;
    this.#scheduler = options.scheduler;
  }

  get deployment(): AppDeployment {
    return this.#deployment;
  }

  /** What the listener needs to know before it hands a request over. */
  get edge(): { bodyBytesMax: number; dev: boolean } {
    const { limits, dev } = this.#deployment;
    return { bodyBytesMax: limits.requestBodyBytesMax, dev };
  }

  get isResident(): boolean {
    return this.#current !== undefined;
  }

  /** Requests under way or waiting. */
  get load(): number {
    return this.#requests.size;
  }

  /** When it last had work, on the process clock in ms. */
  get usedMs(): number {
    return this.#requests.size > 0 ? performance.now() : this.#usedMs;
  }

  heapBytes(): number {
    return this.#current?.heapBytes() ?? 0;
  }

  /** As its isolates last said, those included that finish what they have. */
  get wasmUse(): { bytes: number; memories: number } {
    const sum = { bytes: 0, memories: 0 };
    for (const isolate of [this.#current, ...this.#retiring]) {
      const { bytes, memories } = isolate?.wasmUse ?? NO_WASM;
      sum.bytes += bytes;
      sum.memories += memories;
    }
    return sum;
  }

  handle(request: AppRequest, sink: ResponseSink): void {
    const active = new ActiveRequest(request, sink, performance.now());
    this.#requests.add(active);
    sink.onClientGone(() => this.#clientGone(active));
    const refusal = this.#refusal(active.arrivedMs);
    if (refusal !== undefined) this.#fail(active, refusal);
    else this.#admit(active);
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS);
  }

  #refusal(nowMs: number): NanosError | undefined {
    if (this.#isClosed) return removed();
    const held = this.#quarantine(nowMs);
    if (held !== undefined) return held;
    if (nowMs < this.#heldUntilMs) return this.#lastFailure;
    if (this.#waiting.length >= this.#deployment.limits.queuedMax) {
      return new NanosError('overloaded', 'Too many requests are waiting for this app', { retryAfterS: OVERLOAD_RETRY_S });
    }
    return undefined;
  }

  #quarantine(nowMs: number): NanosError | undefined {
    if (nowMs >= this.#quarantinedUntilMs) return undefined;
    const retryAfterS = Math.ceil((this.#quarantinedUntilMs - nowMs) / 1000);
    return new NanosError('quarantined', 'The app is held back after it brought a cell down, or took too much of its memory', { retryAfterS });
  }

  #admit(active: ActiveRequest): void {
    const isolate = this.#current;
    if (isolate !== undefined && this.#waiting.length === 0 && isolate.load < this.#deployment.limits.inFlightMax) this.#handOver(active, isolate);
    else {
      this.#waiting.push(active);
      if (isolate === undefined) this.#start();
    }
  }

  #handOver(active: ActiveRequest, isolate: AppIsolate): void {
    this.#homes.set(active, isolate);
    isolate.accept(active);
    this.#scheduler.wake(isolate);
  }

  #admitWaiting(): void {
    const isolate = this.#current;
    if (isolate === undefined) {
      const held = this.#isClosed ? removed() : this.#quarantine(performance.now());
      if (held !== undefined) this.#failWaiting(held);
      else if (this.#waiting.length > 0) this.#start();
      return;
    }
    while (this.#waiting.length > 0 && isolate.load < this.#deployment.limits.inFlightMax) this.#handOver(this.#waiting.shift()!, isolate);
  }

  // Starting, swapping, ending isolates

  #start(): void {
    if (this.#starting) return;
    this.#starting = true;
    const deployment = this.#deployment;
    this.#scheduler.wake(once(deployment.name, () => this.#begin(deployment), (error) => this.#startFailed(deployment, error)));
  }

  /** A newer version may have come while this one was starting, and the app may have gone: then nobody sees it any more. */
  async #begin(deployment: AppDeployment): Promise<void> {
    const started = await this.#startIsolate(deployment).catch((error: unknown) => ({ error }));
    this.#starting = false;
    const isLate = this.#isClosed || this.#current !== undefined || deployment !== this.#deployment;
    if ('error' in started) {
      if (!isLate) this.#startFailed(deployment, started.error);
    } else if (isLate) {
      started.dispose();
    } else {
      this.#current = started;
      this.#startHoldMs = 0;
    }
    this.#admitWaiting();
  }

  async #startIsolate(deployment: AppDeployment): Promise<AppIsolate> {
    const startedMs = performance.now();
    const holder: Holder = {};
    try {
      const isolate = await this.#options.start(deployment, this.#eventsOf(deployment, holder));
      holder.isolate = isolate;
      this.#options.observer.started(deployment.name, deployment.version, performance.now() - startedMs);
      return isolate;
    } finally {
      if (holder.rising !== undefined) this.#rising.delete(holder.rising);
    }
  }

  #startFailed(deployment: AppDeployment, error: unknown): void {
    const mask = maskOf(deployment);
    const failure = error instanceof NanosError ? maskError(error, mask) : new NanosError('internal', 'The app could not be started', { cause: error });
    this.#startHoldMs = Math.min(Math.max(this.#startHoldMs * 2, START_HOLD_MS_MIN), START_HOLD_MS_MAX);
    this.#heldUntilMs = performance.now() + this.#startHoldMs;
    this.#lastFailure = failure;
    const fields = { code: failure.code, message: failure.message, cause: failure.cause instanceof Error ? mask.text(failure.cause.message) : undefined };
    this.#options.observer.event(this.#deployment.name, 'error', 'app_failed_to_start', fields);
    this.#failWaiting(failure);
  }

  #failWaiting(error: NanosError): void {
    for (const active of this.#waiting.splice(0)) this.#fail(active, error);
  }

  #eventsOf(deployment: AppDeployment, holder: Holder): AppIsolateEvents {
    return {
      wake: () => holder.isolate !== undefined && this.#scheduler.wake(holder.isolate),
      posted: (reader) => this.#scheduler.rounds.wake(reader),
      charged: (cpuMs) => this.#scheduler.charge(deployment.name, cpuMs),
      threw: (active, failure) => void this.#threw(deployment, active, failure),
      refused: (active, error) => this.#refused(deployment, active, error),
      finished: (active) => this.#finished(active),
      log: (level, active, text) => this.#options.observer.log(deployment, level, active?.request.requestId, text),
      ended: (end) => this.#ended(holder.isolate, end),
      starting: (isolate) => {
        holder.rising = isolate;
        this.#rising.add(isolate);
      },
      outgrown: () => holder.isolate === this.#current && this.recycle('WebAssembly memories over the memory limit'),
      crowded: () => holder.isolate === this.#current && !this.isRecycling && this.recycle(`more than ${WASM_MEMORIES_KEPT_MAX} WebAssembly memories`),
    };
  }

  /** Serves `deployment` from now on, or rejects and goes on as before; with `app_not_found` when the app is removed meanwhile. In-flight requests are finished by the version that has them. */
  async swap(deployment: AppDeployment): Promise<void> {
    const before = this.#deployment;
    this.#quarantinedUntilMs = 0;
    if (this.#current === undefined || sameProgram(before, deployment)) {
      this.#deployment = deployment;
      this.#heldUntilMs = 0;
      return;
    }
    const isolate = await new Promise<AppIsolate>((resolve, reject) => {
      this.#scheduler.wake(once(deployment.name, () => this.#startIsolate(deployment).then(resolve, reject), reject));
    });
    if (this.#isClosed) {
      isolate.dispose();
      throw removed();
    }
    if (deployment.version < this.#deployment.version) return isolate.dispose();
    const old = this.#current;
    this.#deployment = deployment;
    this.#current = isolate;
    this.#heldUntilMs = 0;
    if (old !== undefined) this.#retire(old);
    this.#admitWaiting();
  }

  #retire(isolate: AppIsolate): void {
    if (isolate.load === 0) isolate.dispose();
    else this.#retiring.add(isolate);
  }

  #ended(isolate: AppIsolate | undefined, end: IsolateEnd): void {
    if (isolate === this.#current) this.#current = undefined;
    if (isolate !== undefined) this.#retiring.delete(isolate);
    const { name, limits } = this.#deployment;
    const fields = { code: end.code, message: end.message, request_id: end.guilty?.request.requestId };
    this.#options.observer.event(name, 'warn', 'isolate_ended', fields);
    for (const active of end.started) {
      const isGuilty = active === end.guilty;
      this.#fail(active, isGuilty ? limitError(end.code, limits) : new NanosError('app_restarted', 'The app was restarted while it handled this request'));
    }
    for (const active of end.notStarted) this.#homes.delete(active);
    this.#waiting.unshift(...end.notStarted);
    this.#admitWaiting();
  }

  /** Refuses requests for that long. */
  quarantine(forMs: number): void {
    this.#quarantinedUntilMs = Math.max(this.#quarantinedUntilMs, performance.now() + forMs);
  }

  /** A fresh isolate takes what comes from now on; this one ends with what it has. One that was replaced so before, and still goes on, is ended. */
  recycle(text: string): void {
    const isolate = this.#current;
    if (isolate === undefined) return;
    const { name } = this.#deployment;
    this.#options.observer.event(name, 'warn', 'isolate_recycled', { message: text });
    for (const earlier of this.#recycled) earlier.endForMemory(text);
    this.#current = undefined;
    this.#retire(isolate);
    this.#recycled = isolate.isDead ? [] : [isolate];
    this.#admitWaiting();
  }

  /** An isolate that was replaced so still goes on. */
  get isRecycling(): boolean {
    return this.#recycled.some((isolate) => this.#retiring.has(isolate));
  }

  /** Ends what there is of the app in memory, whatever it does. */
  endForMemory(text: string): void {
    for (const isolate of new Set([...this.#rising, this.#current, ...this.#retiring])) isolate?.endForMemory(text);
  }

  /** Frees the idle isolate; the next request starts a fresh one. */
  evict(): void {
    if (this.#requests.size > 0) return;
    this.#current?.dispose();
    this.#current = undefined;
  }

  /** The app is no longer served: what is in flight is finished, nothing new begins. */
  close(): void {
    this.#isClosed = true;
    this.#failWaiting(removed());
    const isolate = this.#current;
    this.#current = undefined;
    if (isolate !== undefined) this.#retire(isolate);
    this.#forgetWhenOver();
  }

  #forgetWhenOver(): void {
    if (this.#isClosed && this.#requests.size === 0) this.#scheduler.forget(this.#deployment.name);
  }

  // Requests

  /** What is shown to a client in development mode is masked as the log is. */
  async #threw(deployment: AppDeployment, active: ActiveRequest, failure: GuestFailure): Promise<void> {
    active.outcome = 'app_threw';
    const line = `${failure.name}: ${failure.message}`;
    const given = failure.stack === '' ? line : failure.stack;
    // the client waits for an answer, whatever becomes of the map
    const stack = await this.#options.mapStack(deployment, given).catch(() => given);
    this.#options.observer.log(deployment, 'error', active.request.requestId, `Uncaught ${stack.startsWith(failure.name) ? stack : `${line}\n${stack}`}`);
    const mask = maskOf(deployment);
    active.sink.fail(new NanosError('app_threw', mask.text(line)), mask.text(stack));
    if (active.isFinished) this.#finished(active);
  }

  #refused(deployment: AppDeployment, active: ActiveRequest, error: NanosError): void {
    active.outcome = error.code;
    this.#options.observer.log(deployment, 'error', active.request.requestId, error.message);
  }

  #fail(active: ActiveRequest, error: NanosError): void {
    active.answered = true;
    active.bodyDone = true;
    active.waitUntilPending = false;
    active.sink.fail(error);
    active.outcome = error.code;
    this.#finished(active);
  }

  #finished(active: ActiveRequest): void {
    if (!this.#requests.delete(active)) return;
    const nowMs = performance.now();
    this.#usedMs = nowMs;
    const home = this.#homes.get(active);
    this.#homes.delete(active);
    this.#options.observer.served(this.#deployment.name, { outcome: active.outcome, latencyMs: nowMs - active.arrivedMs, cpuMs: active.cpuMs });
    if (home !== undefined && this.#retiring.has(home) && home.load === 0) {
      this.#retiring.delete(home);
      home.dispose();
    }
    if (this.#waiting.length > 0) this.#admitWaiting();
    this.#forgetWhenOver();
  }

  #clientGone(active: ActiveRequest): void {
    if (!this.#requests.has(active)) return;
    const waiting = this.#waiting.indexOf(active);
    if (waiting >= 0) {
      this.#waiting.splice(waiting, 1);
      this.#finished(active);
      return;
    }
    this.#homes.get(active)?.abandon(active);
  }

  #sweep(): void {
    if (this.#requests.size === 0) {
      clearInterval(this.#sweeper);
      this.#sweeper = undefined;
      return;
    }
    const nowMs = performance.now();
    const { wallMsMax } = this.#deployment.limits;
    for (const active of this.#requests) {
      const sinceMs = active.answered ? active.progressMs : active.arrivedMs;
      if (nowMs - sinceMs > wallMsMax) this.#overdue(active);
    }
  }

  /** No response in time; or the response's body stands still; or waitUntil has gone on for too long. */
  #overdue(active: ActiveRequest): void {
    const { name, limits } = this.#deployment;
    const home = this.#homes.get(active);
    const waiting = this.#waiting.indexOf(active);
    if (waiting >= 0) this.#waiting.splice(waiting, 1);
    if (active.bodyDone) {
      this.#options.observer.event(name, 'warn', 'wait_until_cut', { request_id: active.request.requestId, wall_ms_max: limits.wallMsMax });
      active.waitUntilPending = false;
      home?.forget(active);
      this.#finished(active);
      return;
    }
    const error = new NanosError('wall_limit', `No response within ${limits.wallMsMax} ms`);
    active.outcome = error.code;
    home?.abandon(active);
    home?.forget(active);
    this.#fail(active, error);
  }
}

interface Holder {
  /** from the first moment at which it can be reached */
  rising?: AppIsolate;
  /** once it has started */
  isolate?: AppIsolate;
}

/** What it uses is charged when it is known. */
function once(app: string, start: () => Promise<void>, failed: (error: unknown) => void): Runnable {
  const turn = async (): Promise<undefined> => {
    await start();
    return undefined;
  };
  return { app, turn, hasWork: () => false, failed };
}

function removed(): NanosError {
  return new NanosError('app_not_found', 'The app was removed');
}

function limitError(code: IsolateEnd['code'], limits: AppDeployment['limits']): NanosError {
  if (code === 'cpu_limit') return new NanosError(code, `The request used more than ${limits.cpuMsMax} ms of CPU`);
  if (code === 'memory_limit') return new NanosError(code, `The app used more than ${limits.memoryMbMax} MB of memory`);
  return new NanosError(code, 'The app was restarted while it handled this request');
}

/** Nothing that an isolate was started with differs. */
function sameProgram(a: AppDeployment, b: AppDeployment): boolean {
  const program = ({ artefact, vars, secrets, limits, egress }: AppDeployment): string => JSON.stringify([artefact.key, vars, secrets, limits, egress]);
  return program(a) === program(b);
}
