import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';
import { BIN_NANOS, type Exit } from './start-nanos.ts';

export interface RunOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** user that runs it; only root can name another */
  readonly uid?: number;
}

export interface RunResult extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

const RUN_MS_MAX = 60_000;

/** Runs one `nanos` command to its end. */
export async function runNanos(args: readonly string[], { cwd, environment = {}, uid }: RunOptions = {}): Promise<RunResult> {
  const child = spawn(BIN_NANOS, args, { cwd, env: { ...process.env, ...environment }, uid, stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_MS_MAX, killSignal: 'SIGKILL' });
  const [stdout, stderr, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[Exit['code'], Exit['signal']]>]);
  return { code, signal, stdout, stderr };
}
