/**
 * Bindings: what an app finds in its `env` besides vars and secrets. Every kind is one file here, one in src/apps/host-calls/ and one in src/guest/bindings/lazy/;
 * a kind that needs another process has one in src/host/, too.
 */
import { z } from 'zod';
import { AGENT_BINDING, agentGrantSchema, agentRequestSchema, settleAgent, type AgentBinding, type AgentTask } from './agent-binding.ts';
import { SERVICE_BINDING, serviceGrantSchema, serviceRequestSchema, settleService, type ServiceBinding } from './service-binding.ts';
import { LLM_BINDING, llmGrantSchema, llmRequestSchema, settleLlm, type LlmBinding, type LlmTask } from './llm-binding.ts';

/** Per app, in its folder's word and in the operator's. */
const BINDINGS_MAX = 64;

export const bindingNameSchema = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'must be 1 to 64 letters, digits and _, the first a letter');

function byName<T extends z.ZodType>(schema: T) {
  return z.record(bindingNameSchema, schema).refine((all) => Object.keys(all).length <= BINDINGS_MAX, `must have at most ${BINDINGS_MAX} entries`);
}

/** A folder's request. */
const requestSchema = z.discriminatedUnion('type', [llmRequestSchema, agentRequestSchema, serviceRequestSchema], { error: 'must be llm, agent or service' });
export const bindingRequestsSchema = byName(requestSchema);
export type BindingRequest = z.infer<typeof requestSchema>;

/** The operator's word. */
const grantSchema = z.discriminatedUnion('type', [llmGrantSchema, agentGrantSchema, serviceGrantSchema], { error: 'must be llm, agent or service' });
export const bindingGrantsSchema = byName(grantSchema);
export type BindingGrant = z.infer<typeof grantSchema>;

export type BindingType = BindingRequest['type'];

/** What an app gets: a binding, or the reason why each call of it is refused. */
export type GrantedBinding = LlmBinding | AgentBinding | ServiceBinding;
export type AppBinding = GrantedBinding | { readonly type: BindingType; readonly refused: string };
export type AppBindings = Readonly<Record<string, AppBinding>>;

/** What a cell needs to know of it. */
export interface BindingFace {
  readonly type: BindingType;
  readonly refused?: string | undefined;
  /** of type service: the app behind it */
  readonly service?: string | undefined;
}

/** What a cell asks of the supervisor. */
export type BindingTask = LlmTask | AgentTask;

export function settleBinding(request: BindingRequest | undefined, grant: BindingGrant): GrantedBinding | string {
  if (request !== undefined && request.type !== grant.type) return `its type is ${request.type}, and the operator grants ${grant.type}`;
  if (grant.type === LLM_BINDING) return settleLlm(request?.type === LLM_BINDING ? request : undefined, grant);
  if (grant.type === SERVICE_BINDING) return settleService(request?.type === SERVICE_BINDING ? request : undefined, grant);
  return settleAgent(request?.type === AGENT_BINDING ? request : undefined, grant);
}

export function faceOf(binding: AppBinding): BindingFace {
  if ('refused' in binding) return { type: binding.type, refused: binding.refused };
  return binding.type === SERVICE_BINDING ? { type: binding.type, service: binding.service } : { type: binding.type };
}
