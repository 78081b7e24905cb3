import type { AgentBudgets, AgentManifest } from '../protocol/agent/manifest.ts';
import type { AgentsInit } from '../protocol/agent/messages.ts';
import { DEFAULT_AGENT_BUDGETS } from '../protocol/agent-limits.ts';

/** What each budget is called in manifests. */
const BUDGET_KEYS = {
  memoryBytesMax: 'memory',
  stepsMax: 'max_steps',
  fuelMax: 'fuel',
  fuelPerResumeMax: 'fuel_per_resume',
  wallMsMax: 'wall',
  tokensMax: 'tokens',
} as const satisfies Record<keyof AgentBudgets, string>;

const BUDGET_NAMES = Object.keys(BUDGET_KEYS) as (keyof AgentBudgets)[];

export interface SettledManifest {
  /** the one that was given, when it gets all it asks for */
  readonly manifest: AgentManifest;
  /** what it does not get, in words */
  readonly refused: readonly Refusal[];
}

export interface Refusal {
  readonly message: string;
  /** false: it is what manifests get that ask for nothing */
  readonly wasAsked: boolean;
}

/** The operator's word, as far as it is about manifests. */
export type ManifestPolicy = Pick<AgentsInit, 'limitsMax' | 'sharedMemories' | 'contextTokensMax'>;

/**
 * A manifest in a folder asks; the operator grants. Budgets and the context of its model are cut to the operator's, servers that are commands are left out,
 * for no folder starts programs, and so is a memory to share that the operator does not name. Hosts and private addresses are cut where requests are judged.
 */
export function withinPolicy(manifest: AgentManifest, policy: ManifestPolicy): SettledManifest {
  const { limitsMax } = policy;
  const over = BUDGET_NAMES.filter((name) => manifest.budgets[name] > limitsMax[name]);
  const commands = manifest.mcpServers.filter(({ command }) => command !== undefined);
  const context = cutContext(manifest, policy);
  const memory = ownMemory(manifest, policy);
  const refused = [
    ...over.map((name) => ({
      message: `resources.${BUDGET_KEYS[name]} is cut from ${manifest.budgets[name]} to ${limitsMax[name]}, which is the operator's agents.limits_max`,
      wasAsked: manifest.budgets[name] !== DEFAULT_AGENT_BUDGETS[name],
    })),
    ...commands.map(({ name }) => ({ message: `mcp_servers.${name} is left out: a host starts no program that a folder names`, wasAsked: true })),
    ...context.refused,
    ...memory.refused,
  ];
  if (refused.length === 0) return { manifest, refused };
  const cut = Object.fromEntries(over.map((name) => [name, limitsMax[name]]));
  const mcpServers = manifest.mcpServers.filter((server) => !commands.includes(server));
  return { manifest: { ...manifest, ...context.change, ...memory.change, budgets: { ...manifest.budgets, ...cut }, mcpServers }, refused };
}

/** What becomes of one key. */
interface Cut {
  readonly change: Partial<AgentManifest>;
  readonly refused: readonly Refusal[];
}

const UNCUT: Cut = { change: {}, refused: [] };

function cutContext({ model }: AgentManifest, { contextTokensMax = Infinity }: ManifestPolicy): Cut {
  if (model?.contextWindow === undefined || model.contextWindow <= contextTokensMax) return UNCUT;
  const message = `model.context_window is cut from ${model.contextWindow} to ${contextTokensMax}, which is the operator's models.context_tokens_max`;
  return { change: { model: { ...model, contextWindow: contextTokensMax } }, refused: [{ message, wasAsked: true }] };
}

function ownMemory({ sharedMemory }: AgentManifest, { sharedMemories }: ManifestPolicy): Cut {
  if (sharedMemory === undefined || sharedMemories.includes(sharedMemory)) return UNCUT;
  const message = `shared_memory ${sharedMemory} is left out: the operator does not name it in agents.shared_memories, and the agent has a memory of its own`;
  return { change: { sharedMemory: undefined }, refused: [{ message, wasAsked: true }] };
}
