import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { createHandlers } from '../agents/run/handlers.ts';
import type { RunEnvironment, RunWatcher } from '../agents/run/run-environment.ts';
import { NanosError } from '../protocol/errors.ts';
import { mkdirSync } from 'node:fs';
import { SecretMask } from '../util/secret-mask.ts';

export interface HostOptions {
  readonly data: string;
  readonly allowPrivate?: readonly string[] | undefined;
}

export interface HostParts {
  readonly signal: AbortSignal;
  readonly watcher: RunWatcher;
  /** values that must not be seen in journals, logs and results */
  readonly secrets: Iterable<string>;
  /** files that the agent may not change, absolute */
  readonly readOnlyPaths: readonly string[];
}

/** What a run on the command line gets: whoever types the command is the operator. */
export function runHost({ data, allowPrivate }: HostOptions, { signal, watcher, secrets, readOnlyPaths }: HostParts): RunEnvironment {
  const dataDir = dataFolder(data);
  return {
    dataDir,
    operator: { egress: { hosts: undefined, privateRanges: allowPrivate ?? [] }, withheldPaths: [dataDir], readOnlyPaths },
    handlers: createHandlers(async () => (await import('../net/egress/egress.ts')).createEgress()),
    mask: new SecretMask(secrets),
    signal,
    nowNs: () => BigInt(Date.now()) * 1_000_000n,
    monotonicMs: () => performance.now(),
    watcher,
  };
}

function dataFolder(data: string): string {
  const folder = resolve(data);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return realpathSync(folder);
  } catch (cause) {
    throw new NanosError('folder_unreadable', `The data directory ${folder} can't be made or read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
