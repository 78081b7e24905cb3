import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApiStore, type ApiSnapshot } from '../apps/artefact/api-store.ts';
import { ArtefactStore } from '../apps/artefact/artefact-store.ts';
import type { BuildResult } from '../apps/artefact/build-result.ts';
import { pruneArtefacts } from '../apps/artefact/prune-artefacts.ts';
import type { AppConfig } from '../protocol/app.ts';
import { fromErrorData, NanosError } from '../protocol/errors.ts';
import { HOST_LIMITS } from '../protocol/limits.ts';
import { ownFile } from '../util/own-file.ts';
import type { BuilderReply, BuilderRequest, BuildTask } from './build-messages.ts';
import { BuildQueue, type BuildJob } from './build-queue.ts';
import { CHILD_ENVIRONMENT, childFlags } from './child-flags.ts';
import { engineId } from './engine-id.ts';
import type { EvaluationLimits } from './evaluators.ts';
import { launchedProcess, NO_WALL, type SecondWall } from './second-wall.ts';

const ATTEMPTS_MAX = 2;

export interface BuilderOptions {
  readonly dataDir: string;
  /** builds at once */
  readonly concurrency?: number;
  /** source of another API script */
  readonly apiEntry?: URL;
  readonly wall?: Pick<SecondWall, 'launcher' | 'user'>;
  /** see HostComposition */
  readonly flags?: readonly string[];
  /** after so long without work the builder process ends */
  readonly idleMsMax?: number;
}

/** Builds apps in a process of its own, which is started when needed, replaced when it dies, and ended when idle. */
export class Builder {
  readonly #options: Required<Omit<BuilderOptions, 'apiEntry'>> & Pick<BuilderOptions, 'apiEntry'>;
  readonly #directory: string;
  readonly #artefacts: ArtefactStore;
  readonly #queue: BuildQueue;
  #api: Promise<ApiSnapshot> | undefined;
  #child: ChildProcess | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: BuilderOptions) {
    this.#options = { concurrency: Math.min(4, availableParallelism()), idleMsMax: 5_000, flags: [], wall: NO_WALL, ...options };
    this.#directory = join(options.dataDir, 'artefacts');
    this.#artefacts = new ArtefactStore(this.#directory);
    this.#queue = new BuildQueue(this.#options.concurrency, (job) => this.#start(job));
  }

  /** The snapshot that isolates without one of their own start from; made when there is none that holds. */
  apiSnapshot(): Promise<ApiSnapshot> {
    this.#api ??= this.#openApi().catch((error: unknown) => {
      this.#api = undefined;
      throw error;
    });
    return this.#api;
  }

  /** What the app was built to before, if nothing has changed since; runs no other process. */
  async reuse(app: AppConfig): Promise<BuildResult | undefined> {
    const { hash } = await this.apiSnapshot();
    return this.#artefacts.reuse(app, hash);
  }

  /**
   * Builds an app. Of builds of one folder that wait, only the latest happens, and answers for all.
   * Rejects with build_failed, build_limit, path_escape, app_failed_to_start.
   */
  async build(app: AppConfig, { startupMsMax, memoryMbMax }: EvaluationLimits): Promise<BuildResult> {
    const task: BuildTask = { type: 'build', app: { ...app, secrets: {} }, limits: { startupMsMax, memoryMbMax } };
    return (await this.#ask(`${app.folder}\n${app.name}`, task)) as BuildResult;
  }

  /** Removes what is in `keep` neither by its artefact's key nor young enough to be worth keeping. Returns how many files went. */
  async prune(keep: ReadonlySet<string>): Promise<number> {
    const { hash } = await this.apiSnapshot();
    return pruneArtefacts(this.#directory, { keep: new Set([...keep, hash]), nowMs: Date.now() });
  }

  /** Ends the builder process; what it had to do is rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idleTimer);
    this.#queue.rejectAll(new NanosError('internal', 'The host is closing'));
    await this.#endChild();
  }

  async #openApi(): Promise<ApiSnapshot> {
    const known = await new ApiStore(this.#directory, engineId()).reuse();
    return known ?? ((await this.#ask('', { type: 'api' })) as ApiSnapshot);
  }

  async #ask(key: string, task: BuildTask): Promise<unknown> {
    if (this.#closed) throw new NanosError('internal', 'The host is closing');
    clearTimeout(this.#idleTimer);
    return this.#queue.add(key, task);
  }

  #start(job: BuildJob): void {
    this.#child ??= this.#fork();
    const request: BuilderRequest = { id: job.id, task: job.task };
    this.#child.send(request, (error) => error !== null && this.#child?.kill('SIGKILL'));
    job.timer = setTimeout(() => this.#overtime(job), HOST_LIMITS.buildMsMax);
  }

  #fork(): ChildProcess {
    const { concurrency, apiEntry, flags, wall } = this.#options;
    const { launcher, user } = wall;
    const args = [this.#directory, `${concurrency}`, JSON.stringify({ launcher, user }), ...(apiEntry === undefined ? [] : [apiEntry.href])];
    const child = fork(fileURLToPath(ownFile('builder', import.meta.url)), args, {
      ...launchedProcess(wall, [...childFlags('builder', { heapMbMax: HOST_LIMITS.builderMemoryMbMax }), ...flags]),
      env: { ...CHILD_ENVIRONMENT },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // a group of its own, so that it can be ended with all its children
      detached: true,
    });
    child.on('message', (reply: BuilderReply) => this.#settle(reply));
    child.on('error', () => this.#lost(child));
    child.on('exit', () => this.#lost(child));
    return child;
  }

  #settle(reply: BuilderReply): void {
    const job = this.#queue.finish(reply.id);
    if (job !== undefined) {
      if ('error' in reply) job.reject(fromErrorData(reply.error));
      else job.resolve(reply.result);
    }
    if (this.#queue.isEmpty) this.#idleTimer = setTimeout(() => void this.#endChild(), this.#options.idleMsMax);
  }

  #overtime(job: BuildJob): void {
    this.#queue.finish(job.id)?.reject(new NanosError('build_limit', `The build took longer than ${HOST_LIMITS.buildMsMax} ms`));
    const innocent = this.#queue.takeRunning();
    void this.#endChild();
    this.#queue.putBack(innocent);
  }

  /** Which build brought the process down shows when each is tried again, alone. */
  #lost(child: ChildProcess): void {
    killGroup(child);
    if (this.#child !== child) return;
    this.#child = undefined;
    const again: BuildJob[] = [];
    for (const job of this.#queue.takeRunning()) {
      if (++job.attempts < ATTEMPTS_MAX) again.push(job);
      else job.reject(new NanosError('build_failed', 'The app brings its builder down: it may be too large to bundle'));
    }
    this.#queue.putBack(again);
  }

  async #endChild(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    killGroup(child);
    await exited;
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
