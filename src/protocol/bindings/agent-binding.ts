/** The binding `agent`: what a folder asks, what the operator grants, and what crosses for a call. docs/bindings.md. */
import { z } from 'zod';
import type { RunState } from '../agent/control.ts';
import { AGENT_BUDGETS_MAX } from '../agent-limits.ts';

export const AGENT_BINDING = 'agent';
/** At once, when the operator does not say how many. */
const RUNS_AT_ONCE_MAX = 4;
/** Of one run, likewise: as long as it goes on, they are set aside. */
const RUN_TOKENS_MAX = 100_000;

const manifest = z
  .string()
  .max(1_024, 'must have at most 1024 characters')
  .regex(/^[^/\\\0][^\\\0]*\.nano$/, 'must be a path below the folder of agents, such as "researcher/agent.nano"');
const tokens = z.int().min(1).max(AGENT_BUDGETS_MAX.tokensMax);

export const agentRequestSchema = z.strictObject({ type: z.literal(AGENT_BINDING), manifest: manifest.optional(), tokens: tokens.optional() });
type AgentRequest = z.infer<typeof agentRequestSchema>;

/** `tokens` and `wall_ms` of one run; `runs` at once */
export const agentGrantSchema = z.strictObject({
  type: z.literal(AGENT_BINDING),
  manifest,
  tokens: tokens.optional(),
  wall_ms: z.int().min(1).max(AGENT_BUDGETS_MAX.wallMsMax).optional(),
  runs: z.int().min(1).max(100).optional(),
});
type AgentGrant = z.infer<typeof agentGrantSchema>;

export interface AgentBinding {
  readonly type: typeof AGENT_BINDING;
  /** relative to the folder of agents */
  readonly manifest: string;
  /** of one run; the manifest's own budgets hold as well */
  readonly tokensMax: number;
  readonly wallMsMax: number;
  readonly runsAtOnceMax: number;
}

/** What the app gets; text: why it gets nothing. */
export function settleAgent(request: AgentRequest | undefined, grant: AgentGrant): AgentBinding | string {
  if (request?.manifest !== undefined && request.manifest !== grant.manifest) {
    return `the agent ${request.manifest} is not granted: the operator's is ${grant.manifest}`;
  }
  return {
    type: AGENT_BINDING,
    manifest: grant.manifest,
    tokensMax: Math.min(request?.tokens ?? Infinity, grant.tokens ?? RUN_TOKENS_MAX),
    wallMsMax: grant.wall_ms ?? AGENT_BUDGETS_MAX.wallMsMax,
    runsAtOnceMax: grant.runs ?? RUNS_AT_ONCE_MAX,
  };
}

interface RunOptions {
  readonly goal: string;
  readonly tokensMax?: number | undefined;
  readonly wallMsMax?: number | undefined;
}

/** Each is answered by an {@link AgentAnswer}: `run` once the run is over or waits for a person, `start` at once. */
export type AgentTask =
  | ({ readonly kind: 'agent'; readonly method: 'run' | 'start' } & RunOptions)
  | { readonly kind: 'agent'; readonly method: 'get' | 'cancel'; readonly runId: string };

export interface AgentAnswer {
  readonly runId: string;
  readonly status: RunState;
  /** what the agent said when it was done, or what went wrong */
  readonly message: string;
  /** read and written by its models so far */
  readonly tokens: number;
}
