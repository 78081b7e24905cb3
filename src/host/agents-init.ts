import { availableParallelism } from 'node:os';
import { realpath } from 'node:fs/promises';
import type { AgentsInit } from '../protocol/agent/messages.ts';
import type { OperatorPolicy } from '../protocol/operator.ts';
import { agentsFolder } from './agents-client.ts';
import type { DataDir } from './data-dir.ts';
import type { SettledOptions } from './settle-options.ts';

const DAY_MS = 24 * 3_600_000;
/** One more than a runaway needs; more than eight have nothing to do on most machines. */
const THREADS_MIN = 2;
const THREADS_MAX = 8;

export interface AgentsSettings {
  readonly options: SettledOptions;
  readonly policy: OperatorPolicy;
  readonly configFile: string | undefined;
  readonly dataDir: DataDir;
}

/** What the operator says about agents, with nothing left open but how long recordings are kept. Throws `folder_missing`. */
export async function agentsInit({ options, policy, configFile, dataDir }: AgentsSettings): Promise<Omit<AgentsInit, 'secrets'>> {
  const { threads, limitsMax, egress, approve, sharedMemories, runs } = policy.agents;
  return {
    dataDir: dataDir.path,
    folder: options.agentsFolder === undefined ? undefined : await agentsFolder(options.agentsFolder),
    threads: threads ?? Math.min(THREADS_MAX, Math.max(THREADS_MIN, availableParallelism())),
    limitsMax,
    egress,
    sharedMemories,
    contextTokensMax: policy.models.contextTokensMax,
    withheldPaths: [dataDir.path, ...(configFile === undefined ? [] : [await realpath(configFile)])],
    approve,
    retention: { runsKeptMax: runs.kept, runsBytesMax: runs.bytes, runAgeMsMax: runs.days === undefined ? undefined : runs.days * DAY_MS },
    graceMs: options.graceMs,
  };
}
