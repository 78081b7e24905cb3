import { fork, type ChildProcess } from 'node:child_process';
import { mkdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AgentsStatus, RunRequest, RunsControl, RunView } from '../protocol/agent/control.ts';
import type { AgentLogLine, AgentsCall, AgentsInit, AgentsMethods, FromAgents, ToAgents } from '../protocol/agent/messages.ts';
import { fromErrorData, NanosError, toErrorData } from '../protocol/errors.ts';
import { HOST_LIMITS } from '../protocol/limits.ts';
import { ownFile } from '../util/own-file.ts';
import { AGENT_HOST_LIMITS } from './agent-host-limits.ts';
import type { ModelDesk } from './agent-model-desk.ts';
import { prepareBuiltinAgent } from './agent-builtin.ts';
import { HostedRuns } from './agent-hosted-runs.ts';
import { CHILD_ENVIRONMENT, childFlags } from './child-flags.ts';
import { launchedProcess, type SecondWall } from './second-wall.ts';

/** A process that dies sooner than this after its start is followed by the next one only after a pause. */
const YOUNG_MS = 2_000;
const RESTART_PAUSE_MS = 500;
const RESTART_PAUSE_MS_MAX = 10_000;
const TRIES_MAX = 5;
/** Folders of the data directory that the process may write in. */
const WRITABLE = ['runs', 'modules', 'agents', 'memory'] as const;
/** The control plane does not wait longer for metrics. */
const STATS_MS_MAX = 1_000;

export interface AgentsClientOptions {
  /** the secrets' values are asked for at each start of the process */
  readonly init: Omit<AgentsInit, 'secrets'>;
  secrets(): readonly string[];
  readonly wall: Pick<SecondWall, 'launcher'>;
  readonly models: Pick<ModelDesk, 'ask' | 'abandon'>;
  log(lines: readonly AgentLogLine[]): void;
}

interface Answer {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

interface Running {
  readonly child: ChildProcess;
  readonly startedMs: number;
  heartbeat: NodeJS.Timeout | undefined;
}

/** The folder of agents: absolute, links resolved. Throws `folder_missing`. */
export async function agentsFolder(folder: string): Promise<string> {
  const isFolder = await stat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new NanosError('folder_missing', `The folder of agents ${folder} does not exist, or is no folder`);
  return realpath(folder);
}

/**
 * The supervisor's side of the agents' process: started when it is first needed, or at the start of the host when there are runs to go on with; ended hard when it falls silent, and then,
 * as when it dies, followed by another one as long as there are such runs.
 */
export class AgentsClient {
  readonly runs: RunsControl = {
    start: (request) => this.#start(request),
    list: (filter) => this.#askAgain({ method: 'list', filter }),
    run: (id, waitMs) => this.#askAgain({ method: 'run', id, waitMs }),
    events: (id, after, waitMs) => this.#askAgain({ method: 'events', id, after, waitMs }),
    fork: (id, request) => this.#ask({ method: 'fork', id, request }),
    decide: (id, number, word) => this.#ask({ method: 'decide', id, number, word }),
    cancel: (id) => this.#ask({ method: 'cancel', id }),
  };
  readonly #options: AgentsClientOptions;
  readonly #hosted: HostedRuns;
  readonly #answers = new Map<number, Answer>();
  #running: Running | undefined;
  #builtin: Promise<void> | undefined;
  #restart: NodeJS.Timeout | undefined;
  #pauseMs = RESTART_PAUSE_MS;
  #lastCall = 0;
  #closed: (() => void) | undefined;
  #isClosing = false;

  constructor(options: AgentsClientOptions) {
    this.#options = options;
    this.#hosted = new HostedRuns(options.init.dataDir);
  }

  /** Goes on with the runs of an earlier host. */
  async start(): Promise<void> {
    const { dataDir, folder } = this.#options.init;
    // the process may write in these only
    for (const name of WRITABLE) await mkdir(join(dataDir, name), { recursive: true, mode: 0o700 });
    if (folder !== undefined && this.#hosted.anyWaits) this.#started();
  }

  async status(): Promise<AgentsStatus> {
    const configured = this.#options.init.folder !== undefined;
    const stats = await this.#stats();
    return stats === undefined ? { configured, process: 'none', threads: 0, running: 0, waiting: this.#hosted.waiting, memory_bytes: 0 } : { configured, process: 'running', ...stats.status };
  }

  /** prom-client's JSON form; undefined when there is no process. */
  async metrics(): Promise<object | undefined> {
    return (await this.#stats())?.metrics;
  }

  /** Lets runs rest, within the grace, and ends the process. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#restart);
    const { child } = this.#running ?? {};
    if (child === undefined) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const closed = new Promise<void>((resolve) => (this.#closed = resolve));
    let grace: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => (grace = setTimeout(resolve, this.#options.init.graceMs + HOST_LIMITS.heartbeatMs)));
    this.#send(child, { type: 'close' });
    await Promise.race([closed, over, exited]);
    clearTimeout(grace);
    child.kill('SIGKILL');
    await exited;
  }

  async #start(request: RunRequest): Promise<RunView> {
    await (this.#builtin ??= this.#prepareBuiltin());
    return this.#ask({ method: 'start', request });
  }

  /** Agents with a module of their own run without it. */
  async #prepareBuiltin(): Promise<void> {
    try {
      await prepareBuiltinAgent(this.#options.init.dataDir);
    } catch (error) {
      this.#builtin = undefined;
      this.#options.log([{ level: 'error', event: 'builtin_agent_failed', message: toErrorData(error).message }]);
    }
  }

  async #stats(): Promise<AgentsMethods['stats']['answer'] | undefined> {
    if (this.#running === undefined || this.#isClosing) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), STATS_MS_MAX)));
    const answer = this.#ask<'stats'>({ method: 'stats' }).catch(() => undefined);
    const stats = await Promise.race([answer, late]);
    clearTimeout(timer);
    return stats;
  }

  /** For questions that change nothing: when the process dies over one, the next process is asked. */
  async #askAgain<M extends 'list' | 'run' | 'events'>(asked: Extract<AgentsCall, { method: M }>): Promise<AgentsMethods[M]['answer']> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#ask<M>(asked);
      } catch (error) {
        const isLost = error instanceof NanosError && error.code === 'agents_restarted' && !this.#isClosing;
        if (!isLost || tries === TRIES_MAX) throw error;
        await sleep(RESTART_PAUSE_MS);
      }
    }
  }

  #ask<M extends keyof AgentsMethods>(asked: Extract<AgentsCall, { method: M }>): Promise<AgentsMethods[M]['answer']> {
    if (this.#isClosing) return Promise.reject(new NanosError('agents_restarted', 'The host is closing'));
    const { callsMax } = AGENT_HOST_LIMITS;
    if (this.#answers.size >= callsMax) return Promise.reject(new NanosError('overloaded', `${callsMax} requests wait for the agents' process already`, { retryAfterS: 1 }));
    const { child } = this.#started();
    const call = ++this.#lastCall;
    return new Promise<AgentsMethods[M]['answer']>((resolve, reject) => {
      this.#answers.set(call, { resolve: (value) => resolve(value as AgentsMethods[M]['answer']), reject });
      this.#send(child, { type: 'call', call, asked });
    });
  }

  #started(): Running {
    if (this.#running !== undefined) return this.#running;
    clearTimeout(this.#restart);
    const { init } = this.#options;
    const child = fork(fileURLToPath(ownFile('agents', import.meta.url)), [], {
      ...launchedProcess(this.#options.wall, childFlags('agents', this.#folders())),
      env: { ...CHILD_ENVIRONMENT },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const running: Running = { child, startedMs: performance.now(), heartbeat: undefined };
    this.#running = running;
    child.on('message', (message: FromAgents) => this.#receive(running, message));
    child.on('error', () => child.kill('SIGKILL'));
    child.on('exit', (code, signal) => this.#exited(running, signal ?? `exit ${code}`));
    this.#send(child, { type: 'init', init: { ...init, secrets: this.#options.secrets() } });
    this.#expectHeartbeat(running, HOST_LIMITS.cellStartMsMax);
    return running;
  }

  #folders(): { readable: string[]; writable: string[] } {
    const { dataDir, folder } = this.#options.init;
    const own = WRITABLE.map((name) => join(dataDir, name));
    const both = folder === undefined ? own : [...own, folder];
    return { readable: both, writable: both };
  }

  #receive(running: Running, message: FromAgents): void {
    switch (message.type) {
      case 'heartbeat':
        return this.#expectHeartbeat(running, HOST_LIMITS.heartbeatMsMax);
      case 'log':
        return this.#options.log(message.lines);
      case 'model':
        return this.#options.models.ask(message, (answer) => this.#send(running.child, answer));
      case 'stuck':
        return this.#replace(running, message.message);
      case 'closed':
        return this.#closed?.();
      case 'answer': {
        const answer = this.#answers.get(message.call);
        this.#answers.delete(message.call);
        if (message.error === undefined) answer?.resolve(message.value);
        else answer?.reject(fromErrorData(message.error));
      }
    }
  }

  #expectHeartbeat(running: Running, withinMs: number): void {
    clearTimeout(running.heartbeat);
    running.heartbeat = setTimeout(() => this.#replace(running, 'fell silent'), withinMs);
  }

  /** Ended first: two processes can't write one journal. */
  #replace({ child }: Running, why: string): void {
    this.#options.log([{ level: 'warn', event: 'agents_replaced', message: why, fields: { pid: child.pid } }]);
    child.kill('SIGKILL');
  }

  #exited(running: Running, how: string): void {
    clearTimeout(running.heartbeat);
    this.#options.models.abandon();
    this.#running = undefined;
    for (const { reject } of this.#answers.values()) reject(new NanosError('agents_restarted', "The agents' process ended before it answered. Its runs go on; look at them, and ask again", { retryAfterS: 1 }));
    this.#answers.clear();
    if (this.#isClosing) return;
    this.#options.log([{ level: 'error', event: 'agents_died', message: how, fields: { pid: running.child.pid } }]);
    if (this.#options.init.folder === undefined || !this.#hosted.anyWaits) return;
    const wasYoung = performance.now() - running.startedMs < YOUNG_MS;
    this.#pauseMs = wasYoung ? Math.min(this.#pauseMs * 2, RESTART_PAUSE_MS_MAX) : RESTART_PAUSE_MS;
    this.#restart = setTimeout(() => void this.#started(), wasYoung ? this.#pauseMs : 0);
  }

  #send(child: ChildProcess, message: ToAgents): void {
    if (child.connected) child.send(message, () => undefined);
  }
}
