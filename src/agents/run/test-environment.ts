/** For tests: folders, manifests, and what a host gives a run. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { TestContext } from 'node:test';
import type { AgentBudgets, AgentManifest } from '../../protocol/agent/manifest.ts';
import type { JournalEntry } from '../../protocol/agent/recording.ts';
import { NanosError } from '../../protocol/errors.ts';
import { JournalReader } from '../../recording/journal-reader.ts';
import type { MeteredModule } from '../../sandbox/wasm/metered-module.ts';
import { ModuleCache } from '../../sandbox/wasm/module-cache.ts';
import { builtinAgent } from '../compile/builtin-agent.ts';
import { AGENT_MODULE_RULES } from './agent-module.ts';
import { createHandlers } from './handlers.ts';
import type { RunEnvironment } from './run-environment.ts';

export interface TestFolder {
  readonly folder: string;
  readonly dataDir: string;
}

export function testFolder(t: TestContext): TestFolder {
  const folder = mkdtempSync(join(tmpdir(), 'nanos-run-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, dataDir: join(folder, '.nanos') };
}

const BUDGETS: AgentBudgets = { memoryBytesMax: 64 * 65_536, stepsMax: 100, fuelMax: 100_000_000n, fuelPerResumeMax: 50_000_000n, wallMsMax: 60_000, tokensMax: 1_000 };

export interface TestManifest extends Partial<Omit<AgentManifest, 'budgets' | 'permissions'>> {
  readonly budgets?: Partial<AgentBudgets>;
  readonly permissions?: Partial<AgentManifest['permissions']>;
}

/** A manifest for a module, which is written into the folder. It may read everything in it and write below `out`. */
export function testManifest({ folder }: TestFolder, module: Uint8Array, { budgets, permissions, ...rest }: TestManifest = {}): AgentManifest {
  const binary = join(folder, 'agent.wasm');
  writeFileSync(binary, module);
  return {
    name: 'tester',
    folder,
    goal: 'find the secret',
    binary,
    mcpServers: [],
    approve: [],
    agents: [],
    ...rest,
    budgets: { ...BUDGETS, ...budgets },
    permissions: { fsRead: ['**'], fsWrite: ['out/**'], network: false, ...permissions },
  };
}

export interface TestEnvironment extends RunEnvironment {
  /** what the agent logged, and what was denied */
  readonly lines: string[];
}

export function testEnvironment({ dataDir }: TestFolder, more: Partial<RunEnvironment> = {}): TestEnvironment {
  const lines: string[] = [];
  return {
    dataDir,
    operator: { egress: { hosts: undefined, privateRanges: [] }, withheldPaths: [dataDir], readOnlyPaths: [] },
    handlers: createHandlers({ openEgress: async () => (await import('../../net/egress/egress.ts')).createEgress(), openModel: () => Promise.reject(new NanosError('model_engine_missing', 'There is no engine')), dataDir }),
    builtinAgent: () => builtinAgent(dataDir),
    mask: { text: (text) => text, bytes: (bytes) => bytes },
    signal: new AbortController().signal,
    nowNs: () => BigInt(Date.now()) * 1_000_000n,
    monotonicMs: () => performance.now(),
    watcher: {
      log: (level, text) => lines.push(`${level}: ${text}`),
      denied: ({ syscall, asked, rule }) => lines.push(`denied: ${syscall}: ${asked}: ${rule}`),
      rest: () => undefined,
    },
    lines,
    ...more,
  };
}

export async function testModule({ dataDir }: TestFolder, module: Uint8Array): Promise<MeteredModule> {
  return new ModuleCache(join(dataDir, 'modules')).load(module, AGENT_MODULE_RULES);
}

export function entriesOf(file: string): JournalEntry[] {
  const reader = JournalReader.open(file);
  try {
    return [...reader.entries()].map(({ entry }) => entry);
  } finally {
    reader.close();
  }
}
