import type { BuildTask } from './build-messages.ts';

export interface BuildJob {
  readonly id: number;
  /** of jobs with one key, one runs at a time */
  readonly key: string;
  task: BuildTask;
  /** how often it ran and brought its process down */
  attempts: number;
  timer: NodeJS.Timeout | undefined;
  readonly promise: Promise<unknown>;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Bounds how many builds run at once. A job that waits is overtaken by a later one of the same key, which answers for both. */
export class BuildQueue {
  readonly #concurrency: number;
  readonly #start: (job: BuildJob) => void;
  readonly #running = new Map<number, BuildJob>();
  /** in their order, and by key: a host may have thousands to build at its start */
  readonly #waiting = new Map<string, BuildJob>();
  /** ran already, and go before the others */
  #again: BuildJob[] = [];
  #lastId = 0;

  constructor(concurrency: number, start: (job: BuildJob) => void) {
    this.#concurrency = concurrency;
    this.#start = start;
  }

  get isEmpty(): boolean {
    return this.#running.size === 0 && this.#waiting.size === 0 && this.#again.length === 0;
  }

  add(key: string, task: BuildTask): Promise<unknown> {
    const overtaken = this.#waiting.get(key) ?? this.#again.find((job) => job.key === key);
    if (overtaken !== undefined) {
      overtaken.task = task;
      return overtaken.promise;
    }
    const job = newJob(++this.#lastId, key, task);
    this.#waiting.set(key, job);
    this.#fill();
    return job.promise;
  }

  /** Takes a running job out; undefined when it isn't running (any more). */
  finish(id: number): BuildJob | undefined {
    const job = this.#running.get(id);
    if (job === undefined) return undefined;
    clearTimeout(job.timer);
    this.#running.delete(id);
    this.#fill();
    return job;
  }

  /** Takes all running jobs out; {@link putBack} lets others start. */
  takeRunning(): BuildJob[] {
    const jobs = [...this.#running.values()];
    for (const job of jobs) clearTimeout(job.timer);
    this.#running.clear();
    return jobs;
  }

  putBack(jobs: readonly BuildJob[]): void {
    this.#again = [...jobs, ...this.#again];
    this.#fill();
  }

  rejectAll(error: Error): void {
    const jobs = [...this.takeRunning(), ...this.#again, ...this.#waiting.values()];
    this.#again = [];
    this.#waiting.clear();
    for (const job of jobs) job.reject(error);
  }

  #fill(): void {
    for (let job = this.#next(); job !== undefined; job = this.#next()) {
      this.#takeOut(job);
      this.#running.set(job.id, job);
      this.#start(job);
    }
  }

  #takeOut(job: BuildJob): void {
    if (this.#waiting.get(job.key) === job) this.#waiting.delete(job.key);
    else this.#again = this.#again.filter((other) => other !== job);
  }

  /** A job under suspicion runs alone. */
  #next(): BuildJob | undefined {
    const running = [...this.#running.values()];
    if (running.length >= this.#concurrency || running.some(({ attempts }) => attempts > 0)) return undefined;
    const suspect = this.#again.find(({ attempts }) => attempts > 0);
    if (suspect !== undefined) return running.length === 0 ? suspect : undefined;
    for (const jobs of [this.#again, this.#waiting.values()]) {
      for (const job of jobs) if (running.every((other) => other.key !== job.key)) return job;
    }
    return undefined;
  }
}

function newJob(id: number, key: string, task: BuildTask): BuildJob {
  let resolve: BuildJob['resolve'] = () => undefined;
  let reject: BuildJob['reject'] = () => undefined;
  const promise = new Promise<unknown>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise;
    reject = rejectPromise;
  });
  return { id, key, task, attempts: 0, timer: undefined, promise, resolve, reject };
}
