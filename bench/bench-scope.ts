import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processTree } from './measure/process-tree.ts';

const STOP_MS_MAX = 20_000;
const ERROR_TAIL_LENGTH = 4_000;

export interface StartedProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** the end of what it wrote to standard error */
  errors(): string;
  /** Asks it to end, and sees to it. */
  stop(): Promise<void>;
}

/** Whoever ends without closing its scopes leaves nothing behind all the same. */
const open = new Set<BenchScope>();
process.once('exit', () => open.forEach((scope) => scope.abandon()));

/** Everything a bench leaves behind for a while: one folder and the processes it started. `close` takes all of it away. */
export class BenchScope {
  readonly folder = mkdtempSync(join(tmpdir(), 'nanos-bench-'));
  readonly signal: AbortSignal;
  readonly #started = new Set<StartedProcess>();

  constructor(signal: AbortSignal) {
    this.signal = signal;
    open.add(this);
  }

  /** Starts a program in the scope's folder. Standard error is always read. */
  start(command: string, args: readonly string[], stdio: StdioOptions, environment: NodeJS.ProcessEnv = {}): StartedProcess {
    this.signal.throwIfAborted();
    const child = spawn(command, args, { cwd: this.folder, stdio, env: { ...process.env, ...environment } });
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-ERROR_TAIL_LENGTH)));
    child.on('error', (error) => (errors += error.message));
    const started: StartedProcess = { child, pid: child.pid ?? 0, errors: () => errors, stop: () => this.#stop(started) };
    this.#started.add(started);
    return started;
  }

  async #stop(started: StartedProcess): Promise<void> {
    const { child, pid } = started;
    this.#started.delete(started);
    if (pid === 0 || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const hard = setTimeout(() => killAll(processTree(pid)), STOP_MS_MAX);
    await exited;
    clearTimeout(hard);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#started].map((started) => this.#stop(started)));
    rmSync(this.folder, { recursive: true, force: true });
    open.delete(this);
  }

  /** As `close`, at once and without waiting: what runs is killed. */
  abandon(): void {
    for (const { child, pid } of this.#started) if (pid > 0 && child.exitCode === null && child.signalCode === null) killAll(processTree(pid));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
    open.delete(this);
  }
}

function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}
