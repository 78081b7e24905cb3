import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { builtinAgent } from '../agents/compile/builtin-agent.ts';
import { createHandlers } from '../agents/run/handlers.ts';
import type { RunEnvironment, RunWatcher } from '../agents/run/run-environment.ts';
import { MANIFEST_SUFFIX } from '../protocol/agent/manifest.ts';
import { NanosError } from '../protocol/errors.ts';
import { mkdirSync } from 'node:fs';
import { runModels } from './run-models.ts';
import type { RunSecrets } from './run-secrets.ts';
import { SecretMask } from '../util/secret-mask.ts';

export interface HostOptions {
  readonly data: string;
  readonly allowPrivate?: readonly string[] | undefined;
}

export interface HostParts {
  readonly signal: AbortSignal;
  readonly watcher: RunWatcher;
  /** must not be seen in journals, logs and results */
  readonly secrets: RunSecrets;
  /** says something to the person who started the run */
  note(text: string): void;
  /** files that the agent may not change, absolute */
  readonly readOnlyPaths: readonly string[];
}

/** What a run on the command line gets: whoever types the command is the operator. */
export function runHost({ data, allowPrivate }: HostOptions, { signal, watcher, secrets, note, readOnlyPaths }: HostParts): RunEnvironment {
  const dataDir = dataFolder(data);
  const egress = { hosts: undefined, privateRanges: allowPrivate ?? [] };
  return {
    dataDir,
    operator: { egress, withheldPaths: [dataDir], readOnlyPaths, readOnlySuffixes: [MANIFEST_SUFFIX] },
    handlers: createHandlers({
      openEgress: async () => (await import('../net/egress/egress.ts')).createEgress(),
      openModel: runModels({ dataDir, egress, secrets, note }),
      dataDir,
    }),
    builtinAgent: () => builtinAgent(dataDir),
    mask: new SecretMask(secrets.values),
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
