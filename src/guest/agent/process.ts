import { endCalls, tell } from './calls.ts';
import { queueMicrotask } from './timers.ts';

/** Thrown to leave whatever runs; it reaches nobody, because nothing that happens after the exit counts. */
class Exit extends Error {
  override readonly name = 'Exit';
}

interface Process {
  readonly argv: readonly string[];
  readonly env: Record<string, string | undefined>;
  exitCode: number | undefined;
  readonly platform: string;
  readonly versions: Readonly<Record<string, string>>;
  cwd(): string;
  nextTick(callback: (...args: unknown[]) => void, ...args: unknown[]): void;
  exit(code?: number): never;
}

/** What agents written for Node.js expect of it. There is no environment, and there are no arguments. */
export const process: Process = {
  argv: ['nanos', 'agent'],
  env: {},
  exitCode: undefined,
  platform: 'nanos',
  versions: {},
  cwd: () => '/',
  nextTick: (callback, ...args) => queueMicrotask(() => callback(...args)),
  /** Ends the run: code 0 as done, any other as failed. */
  exit(code) {
    const status = Math.trunc(Number(code ?? process.exitCode ?? 0)) | 0;
    tell('exit', { code: status });
    endCalls();
    throw new Exit(`Exit ${status}`);
  },
};
