import { setTimeout as sleep } from 'node:timers/promises';
import { mapAgentStack } from '../agents/compile/map-agent-stack.ts';
import { agentModules } from '../agents/run/agent-modules.ts';
import type { ApprovalWord, ForkRequest, RunDetail, RunEvents, RunView } from '../protocol/agent/control.ts';
import type { AgentLogLine, AgentsCall, AgentsInit, AgentsMethods, DecideAsk, FromThread, ModelAnswer, ModelAsk, RunOver, ToThread } from '../protocol/agent/messages.ts';
import { fromErrorData, NanosError, toErrorData } from '../protocol/errors.ts';
import { DEFAULT_RETENTION, RunStore } from '../recording/run-store.ts';
import { AGENT_HOST_LIMITS } from './agent-host-limits.ts';
import { HostedRuns, type HostedRun } from './agent-hosted-runs.ts';
import { endRun } from './agent-end-run.ts';
import { AgentMetrics } from './agent-metrics.ts';
import { nextAttempt, resumePauseMs } from './agent-resume-policy.ts';
import { ModelRelay } from './agent-model-relay.ts';
import { RunViews } from './agent-run-views.ts';
import { AgentThread } from './agent-thread.ts';

const POLL_MS = 100;
/** A journal is read again after so many rounds, although its files look unchanged. */
const UNSTAMPED_ROUNDS = 10;
const WATCH_MS = 1_000;
const PRUNE_MS = 60_000;
const BUSY_PAUSE_MS = 2_000;
/** A run may come to wait, or go on, while it is told a decision. */
const DECIDE_TRIES_MAX = 5;

export interface AgentRunsEvents {
  log(lines: readonly AgentLogLine[]): void;
  /** a thread is lost for good: only the end of the process ends it */
  stuck(message: string): void;
  /** the supervisor has the models */
  ask(ask: ModelAsk): void;
}

interface Deciding {
  readonly thread: AgentThread;
  resolve(taken: boolean): void;
  reject(error: Error): void;
}

interface Beginning {
  resolve(id: string): void;
  reject(error: Error): void;
}

/** The runs of the agents' process: which thread has which, and what the supervisor asks about them. Runs no guest itself. */
export class AgentRuns {
  readonly #init: AgentsInit;
  readonly #events: AgentRunsEvents;
  readonly #hosted: HostedRuns;
  readonly #store: RunStore;
  readonly #views: RunViews;
  readonly #metrics = new AgentMetrics();
  readonly #models: ModelRelay;
  readonly #threads = new Set<AgentThread>();
  readonly #beginnings = new Map<number, Beginning>();
  readonly #deciding = new Map<number, Deciding>();
  /** runs that wait for a person's word */
  readonly #undecided = new Set<string>();
  /** threads of runs under way, by id */
  readonly #running = new Map<string, AgentThread>();
  #lastCall = 0;
  #waiters = 0;
  #prunedMs = -Infinity;
  #closing = false;

  constructor(init: AgentsInit, events: AgentRunsEvents) {
    this.#init = init;
    this.#events = events;
    this.#models = new ModelRelay((ask) => events.ask(ask));
    this.#hosted = new HostedRuns(init.dataDir);
    this.#hosted.prepare();
    this.#store = new RunStore(init.dataDir);
    this.#views = new RunViews(this.#store, this.#hosted);
    setInterval(() => this.#watchThreads(), WATCH_MS).unref();
  }

  /** Goes on with the runs that were under way when an earlier process ended. */
  async takeUpAll(): Promise<void> {
    if (this.#init.folder === undefined) return;
    await Promise.all(this.#hosted.list().map((run) => this.#takeUp(run)));
    this.#prune();
  }

  answer(asked: AgentsCall): Promise<AgentsMethods[typeof asked.method]['answer']> | AgentsMethods[typeof asked.method]['answer'] {
    switch (asked.method) {
      case 'start':
        return this.#begin((call) => ({ type: 'start', call, request: asked.request }));
      case 'fork':
        return this.#fork(asked.id, asked.request);
      case 'list':
        return this.#views.list(asked.filter);
      case 'run':
        return this.#untilOver(asked.id, asked.waitMs);
      case 'events':
        return this.#nextEvents(asked.id, asked.after, asked.waitMs);
      case 'decide':
        return this.#decide(asked.id, asked.number, asked.word);
      case 'cancel':
        return this.#cancel(asked.id);
      case 'stats':
        return this.#stats();
    }
  }

  answerModel(answer: ModelAnswer): void {
    this.#models.answer(answer);
  }

  /** Lets runs rest; resolves when they do, or after the grace. What is cut then is found as after a crash. */
  async close(): Promise<void> {
    this.#closing = true;
    const untilMs = performance.now() + this.#init.graceMs;
    for (const thread of this.#threads) thread.send({ type: 'suspend' });
    while (this.#running.size > 0 && performance.now() < untilMs) await sleep(20);
  }

  // New runs

  async #fork(id: string, request: ForkRequest): Promise<RunView> {
    this.#views.view(id);
    return this.#begin((call) => ({ type: 'fork', call, id, request }));
  }

  async #begin(make: (call: number) => ToThread): Promise<RunView> {
    if (this.#closing) throw new NanosError('agents_restarted', 'The host is closing');
    const { runsAtOnceMax, runsWaitingMax } = AGENT_HOST_LIMITS;
    if (this.#undecided.size >= runsWaitingMax) throw new NanosError('overloaded', `${runsWaitingMax} runs wait for approval already: decide about some of them, or cancel them`, { retryAfterS: 60 });
    if (this.#running.size + this.#beginnings.size >= runsAtOnceMax) throw new NanosError('overloaded', `${runsAtOnceMax} runs are under way already`, { retryAfterS: 1 });
    const call = ++this.#lastCall;
    const thread = this.#freeThread();
    const id = await new Promise<string>((resolve, reject) => {
      this.#beginnings.set(call, { resolve, reject });
      thread.runs.add(call);
      thread.send(make(call));
    });
    return this.#views.view(id);
  }

  /** The one with the fewest runs, of those that answer; a new one while there are fewer than the operator says. */
  #freeThread(): AgentThread {
    const threads = [...this.#threads].toSorted((a, b) => this.#load(a) - this.#load(b));
    const [least] = threads;
    if (least !== undefined && (this.#load(least) === 0 || threads.length >= this.#init.threads)) return least;
    const thread = new AgentThread(this.#init, { told: (from, message) => this.#told(from, message), died: (from, message) => this.#lost(from, message) });
    this.#threads.add(thread);
    return thread;
  }

  #load({ runs, silentMs }: AgentThread): number {
    return runs.size + (silentMs > 2 * AGENT_HOST_LIMITS.heartbeatMs ? AGENT_HOST_LIMITS.runsAtOnceMax : 0);
  }

  // What threads say

  #told(thread: AgentThread, message: Exclude<FromThread, { type: 'heartbeat' }>): void {
    switch (message.type) {
      case 'log':
        return this.#events.log(message.lines);
      case 'model':
        return this.#models.ask(thread, message);
      case 'begun':
        return this.#begun(thread, message);
      case 'refused':
        thread.runs.delete(message.call);
        this.#takeBeginning(message.call)?.reject(fromErrorData(message.error));
        return;
      case 'decided':
        return this.#decided(message);
      case 'over':
        thread.runs.delete(message.over.id);
        this.#running.delete(message.over.id);
        return this.#over(message.over);
    }
  }

  #begun(thread: AgentThread, { call, id, agent }: Extract<FromThread, { type: 'begun' }>): void {
    if (call === undefined) return this.#event('info', 'run_resumed', { id, agent }, {});
    this.#event('info', 'run_started', { id, agent }, {});
    thread.runs.delete(call);
    thread.runs.add(id);
    this.#running.set(id, thread);
    this.#takeBeginning(call)?.resolve(id);
  }

  #takeBeginning(call: number): Beginning | undefined {
    const beginning = this.#beginnings.get(call);
    this.#beginnings.delete(call);
    return beginning;
  }

  #over(over: RunOver): void {
    const { id, end, message, steps, fuel } = over;
    if (end === 'suspended') {
      this.#hosted.change(id, { suspended: true });
      return this.#event('info', 'run_suspended', over, {});
    }
    if (end === 'waiting') {
      this.#hosted.change(id, { suspended: true, waiting: true });
      this.#undecided.add(id);
      return this.#event('info', 'run_waiting', over, { message });
    }
    if (end === 'busy') return this.#tryLater(id);
    if (end === 'uncertain') this.#hosted.change(id, { uncertain: message });
    else this.#hosted.remove(id);
    if (end === 'host_failed') this.#endFor(id, message);
    this.#metrics.over(over);
    const level = end === 'done' || end === 'cancelled' ? 'info' : end === 'host_failed' || end === 'left' ? 'error' : 'warn';
    this.#event(level, 'run_over', over, { message, fields: { end, steps, fuel } });
    this.#prune();
  }

  /** An earlier process may be about to end, or a person goes on with the run on the command line. */
  #tryLater(id: string): void {
    this.#hosted.change(id, { suspended: true });
    setTimeout(() => {
      const run = this.#hosted.get(id);
      if (run !== undefined && !this.#closing) void this.#takeUp(run);
    }, BUSY_PAUSE_MS);
  }

  /** A run that failed by the host's doing says so in its journal, unless that is what failed. */
  #endFor(id: string, message: string): void {
    try {
      if (this.#views.view(id).status === 'interrupted') endRun(this.#views.fileOf(id), 'host_failed', message);
    } catch (error) {
      this.#event('error', 'run_not_ended', { id, agent: '' }, { message: toErrorData(error).message });
    }
  }

  #lost(thread: AgentThread, message: string): void {
    this.#threads.delete(thread);
    this.#models.lost(thread);
    for (const [ask, deciding] of this.#deciding) {
      if (deciding.thread !== thread) continue;
      this.#deciding.delete(ask);
      deciding.reject(new NanosError('agents_restarted', `The thread that was told the decision ended. Look at the run, and ask again: ${message}`));
    }
    if (this.#closing) return;
    this.#events.log([{ level: 'error', event: 'agents_thread_died', message }]);
    for (const run of thread.runs) {
      if (typeof run === 'number') this.#takeBeginning(run)?.reject(new NanosError('agents_restarted', `The thread that began the run ended: ${message}`));
      else {
        this.#running.delete(run);
        const hosted = this.#hosted.get(run);
        if (hosted !== undefined) void this.#takeUp(hosted);
      }
    }
  }

  #watchThreads(): void {
    const { fuelPerSecondMin, threadSilenceMsMax } = AGENT_HOST_LIMITS;
    const silenceMsMax = threadSilenceMsMax + (1_000 * Number(this.#init.limitsMax.fuelPerResumeMax)) / fuelPerSecondMin;
    for (const { silentMs } of this.#threads) {
      if (silentMs > silenceMsMax) this.#events.stuck(`A thread said nothing for ${Math.round(silentMs / 1_000)} s, longer than any agent may compute`);
    }
  }

  // Runs of an earlier process

  async #takeUp(run: HostedRun): Promise<void> {
    try {
      const next = this.#nextAttempt(run);
      if (next === undefined) return;
      this.#hosted.put(next);
      await sleep(resumePauseMs(next));
      if (this.#closing || this.#hosted.get(run.id) === undefined) return;
      const thread = this.#freeThread();
      thread.runs.add(run.id);
      this.#running.set(run.id, thread);
      thread.send({ type: 'resume', id: run.id, manifestFile: run.manifestFile });
    } catch (error) {
      this.#hosted.remove(run.id);
      this.#event('error', 'run_over', run, { message: toErrorData(error).message, fields: { end: 'left' } });
    }
  }

  /** undefined: it is over, waits for a person, or comes to its end here because it cost the process too often. */
  #nextAttempt(run: HostedRun): HostedRun | undefined {
    const { status, entries } = this.#views.detail(run.id);
    if (status === 'waiting') {
      this.#hosted.change(run.id, { waiting: true });
      this.#undecided.add(run.id);
      return undefined;
    }
    // a person has said how it goes on
    if (status !== 'interrupted' && status !== 'running' && status !== 'uncertain') this.#hosted.remove(run.id);
    if (status !== 'interrupted' && status !== 'running') return undefined;
    if (run.uncertain !== undefined) return undefined;
    const next = nextAttempt(run, entries);
    if (next !== undefined) return { ...next, waiting: false };
    const message = `The process of agents ended ${run.resumes + 1} times during this run, and it is not taken up again`;
    this.#over({ id: run.id, agent: run.agent, end: 'host_failed', message, fuel: '0', steps: 0 });
    return undefined;
  }

  // Questions

  async #untilOver(id: string, waitMs: number): Promise<RunDetail> {
    const untilMs = performance.now() + waitMs;
    await this.#waiting(async () => {
      while (this.#isUnderWay(id, { whileWaiting: false }) && performance.now() < untilMs) await sleep(POLL_MS);
    });
    const detail = this.#views.detail(id);
    return detail.status === 'agent_threw' ? { ...detail, message: await this.#mapped(id, detail.message) } : detail;
  }

  /** With places in the agent's sources, as long as its module is there. */
  async #mapped(id: string, message: string): Promise<string> {
    const module = await agentModules(this.#init.dataDir).original(this.#views.source(id)).catch(() => undefined);
    return module === undefined ? message : mapAgentStack(module, message);
  }

  async #nextEvents(id: string, after: number, waitMs: number): Promise<RunEvents> {
    const untilMs = performance.now() + waitMs;
    return this.#waiting(async () => {
      let seen = '';
      for (let round = 0; ; round++) {
        // Looked at first: what is recorded in between belongs to the next answer.
        const isOver = !this.#isUnderWay(id, { whileWaiting: true });
        const stamp = this.#views.stamp(id);
        const found = isOver || stamp !== seen || round % UNSTAMPED_ROUNDS === 0 ? this.#views.events(id, after) : [];
        seen = stamp;
        if (isOver && this.#views.newEvents(id, found.at(-1)?.n ?? after) === 0) return { events: found, over: this.#views.view(id) };
        if (found.length > 0 || performance.now() >= untilMs) return { events: found, over: undefined };
        await sleep(POLL_MS);
      }
    });
  }

  async #waiting<T>(work: () => Promise<T>): Promise<T> {
    const { waitersMax } = AGENT_HOST_LIMITS;
    if (this.#waiters >= waitersMax) throw new NanosError('overloaded', `${waitersMax} requests wait for runs already`, { retryAfterS: 1 });
    this.#waiters++;
    try {
      return await work();
    } finally {
      this.#waiters--;
    }
  }

  /** Here, in another process, or soon here again; one that waits for a person, if that counts. */
  #isUnderWay(id: string, { whileWaiting }: { readonly whileWaiting: boolean }): boolean {
    if (this.#running.has(id)) return true;
    const { status } = this.#views.view(id);
    const goesOn = status === 'interrupted' || (status === 'waiting' && whileWaiting);
    return status === 'running' || (goesOn && this.#init.folder !== undefined && this.#hosted.get(id) !== undefined);
  }

  /** By the thread that has the run; else by one that takes it up. */
  async #decide(id: string, number: number, { request, scope }: ApprovalWord): Promise<RunView> {
    for (let tries = 0; tries < DECIDE_TRIES_MAX; tries++) {
      const decision = { ask: ++this.#lastCall, number, request, scope };
      const thread = this.#running.get(id);
      const taken = thread === undefined ? await this.#takeUpDecided(id, decision) : await this.#ask(thread, decision.ask, { type: 'decide', id, decision });
      if (!taken) continue;
      const view = this.#views.view(id);
      this.#event('info', 'call_decided', { id, agent: view.agent }, { fields: { call: number, decision: request.decision, scope } });
      return view;
    }
    throw new NanosError('run_in_use', 'The run keeps coming and going: look at it, and ask again');
  }

  async #takeUpDecided(id: string, decision: DecideAsk): Promise<boolean> {
    const { status } = this.#views.view(id);
    if (status === 'running') throw new NanosError('run_in_use', 'The run is under way in another process: decide there, or when it waits');
    if (status !== 'waiting' && status !== 'interrupted') throw new NanosError('run_not_waiting', `The run is over (${status}): nothing waits for an approval`);
    const run = this.#hosted.get(id);
    if (run === undefined) throw new NanosError('forbidden', 'The run was started by nanos run: decide with nanos approve, and this host’s --data');
    if (this.#closing) throw new NanosError('agents_restarted', 'The host is closing');
    if (this.#running.size >= AGENT_HOST_LIMITS.runsAtOnceMax) throw new NanosError('overloaded', `${AGENT_HOST_LIMITS.runsAtOnceMax} runs are under way already`, { retryAfterS: 1 });
    // a decision is no fault of the run's: it is not counted as one more attempt
    this.#hosted.change(id, { suspended: true, waiting: false });
    this.#undecided.delete(id);
    const thread = this.#freeThread();
    thread.runs.add(id);
    this.#running.set(id, thread);
    return this.#ask(thread, decision.ask, { type: 'resume', id, manifestFile: run.manifestFile, decision });
  }

  #ask(thread: AgentThread, ask: number, message: ToThread): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#deciding.set(ask, { thread, resolve, reject });
      thread.send(message);
    });
  }

  #decided({ ask, taken, error }: Extract<FromThread, { type: 'decided' }>): void {
    const deciding = this.#deciding.get(ask);
    this.#deciding.delete(ask);
    if (error === undefined) deciding?.resolve(taken);
    else deciding?.reject(fromErrorData(error));
  }

  #cancel(id: string): RunView {
    const { status } = this.#views.view(id);
    const thread = this.#running.get(id);
    if (thread !== undefined) thread.send({ type: 'cancel', id });
    else if (status === 'running') throw new NanosError('run_in_use', 'The run is under way in another process: stop it there');
    else if (status === 'interrupted' || status === 'uncertain' || status === 'waiting') {
      endRun(this.#views.fileOf(id), 'cancelled', 'The run was cancelled');
      this.#hosted.remove(id);
      this.#undecided.delete(id);
    }
    return this.#views.view(id);
  }

  async #stats(): Promise<AgentsMethods['stats']['answer']> {
    const running = this.#running.size;
    const waiting = this.#undecided.size;
    return { status: { threads: this.#threads.size, running, waiting, memory_bytes: process.memoryUsage.rss() }, metrics: await this.#metrics.snapshot({ running, waiting }) };
  }

  #prune(): void {
    if (performance.now() - this.#prunedMs < PRUNE_MS) return;
    this.#prunedMs = performance.now();
    const { runsKeptMax, runsBytesMax, runAgeMsMax } = this.#init.retention;
    this.#store.prune(Date.now(), {
      runsKeptMax: runsKeptMax ?? DEFAULT_RETENTION.runsKeptMax,
      runsBytesMax: runsBytesMax ?? DEFAULT_RETENTION.runsBytesMax,
      runAgeMsMax: runAgeMsMax ?? DEFAULT_RETENTION.runAgeMsMax,
    });
  }

  #event(level: AgentLogLine['level'], event: string, { id, agent }: { id: string; agent: string }, rest: Pick<AgentLogLine, 'message' | 'fields'>): void {
    this.#events.log([{ level, event, agent, run_id: id, ...rest }]);
  }
}
