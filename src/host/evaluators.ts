import { ownFile } from '../util/own-file.ts';
import { HOST_LIMITS } from '../protocol/limits.ts';
import { childFlags } from './child-flags.ts';
import { DisposableProcess, ProcessEnded } from './disposable-process.ts';
import type { RestoreReply, RestoreRequest, SnapshotReply, SnapshotRequest, TrialReply, TrialRequest } from './evaluation.ts';
import type { SecondWall } from './second-wall.ts';

/** Trials after which a process makes way for a fresh one. */
const TRIALS_MAX = 100;
const TRIAL_CPU_S_MAX = 3_600;
/** what a process needs before any tenant's code is in it, and for what V8 allows an isolate past its limit */
const PROCESS_MB = 768;

export interface EvaluationLimits {
  readonly startupMsMax: number;
  readonly memoryMbMax: number;
}

interface WarmEvaluator {
  readonly process: DisposableProcess;
  trials: number;
}

/** The processes in which tenants' top-level code runs. Trials share warm ones, one at a time; a snapshot gets its own. */
export class Evaluators {
  readonly #idle: WarmEvaluator[] = [];
  readonly #all = new Set<DisposableProcess>();
  readonly #idleMax: number;
  readonly #wall: Pick<SecondWall, 'launcher' | 'user'>;

  constructor(idleMax: number, wall: Pick<SecondWall, 'launcher' | 'user'>) {
    this.#idleMax = idleMax;
    this.#wall = wall;
  }

  /** Rejects with {@link ProcessEnded} when the code brought a fresh process down. */
  async trial(request: Omit<TrialRequest, 'type'>): Promise<TrialReply> {
    const warm = this.#takeIdle();
    if (warm === undefined) return this.#tryIn(this.#warmUp(request), request);
    try {
      return await this.#tryIn(warm, { ...request, api: undefined });
    } catch (error) {
      if (!(error instanceof ProcessEnded) || error.reason !== 'exit') throw error;
      return this.#tryIn(this.#warmUp(request), request);
    }
  }

  /** Rejects with {@link ProcessEnded} when V8 aborts, or the code takes more than a trial may. */
  async snapshot(scripts: SnapshotRequest['scripts'], limits: EvaluationLimits): Promise<SnapshotReply> {
    const request: SnapshotRequest = { type: 'snapshot', scripts };
    return (await this.#askOnce('evaluator', request, limits)) as SnapshotReply;
  }

  /** Rejects with {@link ProcessEnded} when V8 aborts. */
  async restore(snapshot: Uint8Array, limits: EvaluationLimits): Promise<RestoreReply> {
    const request: RestoreRequest = { snapshot, ...limits };
    return (await this.#askOnce('restorer', request, limits)) as RestoreReply;
  }

  /** Ends every process at once. */
  end(): void {
    for (const process of this.#all) process.end();
    this.#all.clear();
    this.#idle.length = 0;
  }

  #takeIdle(): WarmEvaluator | undefined {
    for (let warm = this.#idle.pop(); warm !== undefined; warm = this.#idle.pop()) {
      if (!warm.process.isEnded) return warm;
      this.#all.delete(warm.process);
    }
    return undefined;
  }

  #warmUp(limits: EvaluationLimits): WarmEvaluator {
    return { process: this.#start('evaluator', limits, TRIAL_CPU_S_MAX), trials: 0 };
  }

  async #tryIn(warm: WarmEvaluator, request: Omit<TrialRequest, 'type'>): Promise<TrialReply> {
    try {
      const reply = (await warm.process.ask({ type: 'trial', ...request } satisfies TrialRequest, wallMsMax(request))) as TrialReply;
      this.#giveBack(warm, reply);
      return reply;
    } catch (error) {
      this.#discard(warm.process);
      throw error;
    }
  }

  #giveBack(warm: WarmEvaluator, { end }: TrialReply): void {
    const isSound = end === 'done' || end === 'failed' || end === 'wasm';
    if (isSound && ++warm.trials < TRIALS_MAX && this.#idle.length < this.#idleMax) this.#idle.push(warm);
    else this.#discard(warm.process);
  }

  async #askOnce(entry: 'evaluator' | 'restorer', request: object, limits: EvaluationLimits): Promise<unknown> {
    const process = this.#start(entry, limits, wallMsMax(limits) / 1000);
    try {
      return await process.ask(request, wallMsMax(limits));
    } finally {
      this.#discard(process);
    }
  }

  #start(entry: 'evaluator' | 'restorer', { memoryMbMax }: EvaluationLimits, cpuSMax: number): DisposableProcess {
    const options = { entry: ownFile(entry, import.meta.url), flags: childFlags(entry), memoryMbMax: 2 * memoryMbMax + PROCESS_MB, cpuSMax, wall: this.#wall };
    const process = new DisposableProcess(options);
    this.#all.add(process);
    return process;
  }

  #discard(process: DisposableProcess): void {
    process.end();
    this.#all.delete(process);
  }
}

/** Start-up is limited by CPU; a crowded machine may take many times as long. */
function wallMsMax({ startupMsMax }: EvaluationLimits): number {
  return Math.min(10_000 + 10 * startupMsMax, HOST_LIMITS.buildMsMax / 2);
}
