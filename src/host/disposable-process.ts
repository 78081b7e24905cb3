import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CHILD_ENVIRONMENT } from './child-flags.ts';
import { identityOf, NO_WALL, type SecondWall } from './second-wall.ts';

export interface DisposableProcessOptions {
  /** see util/own-file.ts */
  readonly entry: URL;
  readonly flags: readonly string[];
  /** resident memory of the whole process, watched where /proc is */
  readonly memoryMbMax: number;
  /** CPU that the kernel lets the process have in its life, in s: holds even when its parent is gone */
  readonly cpuSMax: number;
  readonly wall?: Pick<SecondWall, 'launcher' | 'user'>;
}

/** Why a process gave no answer. */
export class ProcessEnded extends Error {
  override readonly name = 'ProcessEnded';
  readonly reason: 'wall' | 'memory' | 'exit';

  constructor(reason: 'wall' | 'memory' | 'exit', message: string) {
    super(message);
    this.reason = reason;
  }
}

interface Pending {
  resolve(reply: unknown): void;
  reject(error: ProcessEnded): void;
}

const WATCH_MS = 50;

/** A child process that may die of what it is asked, and is ended hard when it takes too long or too much. One question at a time. */
export class DisposableProcess {
  readonly #child: ChildProcess;
  readonly #options: DisposableProcessOptions;
  #pending: Pending | undefined;
  #ended: ProcessEnded | undefined;

  constructor(options: DisposableProcessOptions) {
    this.#options = options;
    const { launcher, user } = options.wall ?? NO_WALL;
    const limited = `ulimit -c 0; ulimit -t ${Math.ceil(options.cpuSMax)}; exec "$0" "$@"`;
    this.#child = spawn('/bin/sh', ['-c', limited, ...launcher, process.execPath, ...options.flags, fileURLToPath(options.entry)], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
      env: { ...CHILD_ENVIRONMENT },
      cwd: '/',
      ...identityOf(user),
    });
    this.#child.on('message', (reply) => this.#settle((pending) => pending.resolve(reply)));
    this.#child.on('error', (error) => this.#end(new ProcessEnded('exit', error.message)));
    this.#child.on('exit', (code, signal) => this.#end(new ProcessEnded('exit', `The process ended with ${signal ?? `exit status ${code}`}`)));
  }

  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** The answer to `request`. Rejects with {@link ProcessEnded}; the process is gone then. */
  async ask(request: unknown, wallMsMax: number): Promise<unknown> {
    if (this.#ended !== undefined) throw this.#ended;
    const wall = setTimeout(() => this.#kill(new ProcessEnded('wall', `No answer within ${wallMsMax} ms`)), wallMsMax);
    const watch = setInterval(() => this.#checkMemory(), WATCH_MS);
    try {
      return await new Promise<unknown>((resolve, reject) => {
        this.#pending = { resolve, reject };
        this.#child.send(request as object, (error) => error !== null && this.#kill(new ProcessEnded('exit', error.message)));
      });
    } finally {
      clearTimeout(wall);
      clearInterval(watch);
    }
  }

  /** Ends the process at once. */
  end(): void {
    this.#kill(new ProcessEnded('exit', 'The process was ended'));
  }

  #checkMemory(): void {
    const { memoryMbMax } = this.#options;
    if (residentBytes(this.#child.pid) > memoryMbMax * 1024 * 1024) this.#kill(new ProcessEnded('memory', `More than ${memoryMbMax} MB of memory`));
  }

  #kill(reason: ProcessEnded): void {
    this.#end(reason);
    this.#child.kill('SIGKILL');
  }

  #end(reason: ProcessEnded): void {
    this.#ended ??= reason;
    const ended = this.#ended;
    this.#settle((pending) => pending.reject(ended));
  }

  #settle(settle: (pending: Pending) => void): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined) settle(pending);
  }
}

/** 0 where the kernel doesn't say. */
function residentBytes(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(?<kilobytes>\d+) kB$/mu.exec(status)?.groups?.['kilobytes'] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
