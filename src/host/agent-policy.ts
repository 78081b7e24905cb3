import type { AgentBudgets, AgentManifest } from '../protocol/agent/manifest.ts';
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

/**
 * A manifest in a folder asks; the operator grants. Budgets are cut to the operator's, and servers that are commands are left out: no folder starts programs.
 * Hosts and private addresses are cut where requests are judged.
 */
export function withinPolicy(manifest: AgentManifest, limitsMax: AgentBudgets): SettledManifest {
  const over = BUDGET_NAMES.filter((name) => manifest.budgets[name] > limitsMax[name]);
  const commands = manifest.mcpServers.filter(({ command }) => command !== undefined);
  const refused = [
    ...over.map((name) => ({
      message: `resources.${BUDGET_KEYS[name]} is cut from ${manifest.budgets[name]} to ${limitsMax[name]}, which is the operator's agents.limits_max`,
      wasAsked: manifest.budgets[name] !== DEFAULT_AGENT_BUDGETS[name],
    })),
    ...commands.map(({ name }) => ({ message: `mcp_servers.${name} is left out: a host starts no program that a folder names`, wasAsked: true })),
  ];
  if (refused.length === 0) return { manifest, refused };
  const cut = Object.fromEntries(over.map((name) => [name, limitsMax[name]]));
  return { manifest: { ...manifest, budgets: { ...manifest.budgets, ...cut }, mcpServers: manifest.mcpServers.filter((server) => !commands.includes(server)) }, refused };
}
