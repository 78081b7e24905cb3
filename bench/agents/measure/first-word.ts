import { once } from 'node:events';
import type { BenchScope, StartedProcess } from '../../bench-scope.ts';

export interface ProcessTimes {
  /** from its start to the first output that holds the word; undefined: it never came */
  readonly wordMs: number | undefined;
  readonly endMs: number;
}

/** Starts a program and waits for its end, watching what it writes on both outputs. Rejects when it fails. */
export async function timeProcess(scope: BenchScope, command: string, args: readonly string[], word: string, environment: NodeJS.ProcessEnv = {}): Promise<ProcessTimes> {
  const startedMs = performance.now();
  const started = scope.start(command, args, ['ignore', 'pipe', 'pipe'], environment);
  let wordMs: number | undefined;
  let text = '';
  for (const output of [started.child.stdout, started.child.stderr]) {
    output?.on('data', (chunk: Buffer | string) => {
      text += String(chunk);
      if (text.includes(word)) wordMs ??= performance.now() - startedMs;
    });
  }
  await succeeded(started);
  return { wordMs, endMs: performance.now() - startedMs };
}

async function succeeded(started: StartedProcess): Promise<void> {
  const [status] = (await once(started.child, 'exit')) as [number | null];
  if (status !== 0) throw new Error(`A process ended with status ${status}: ${started.errors()}`);
}
