/** The host call of bindings of type `agent`: `agent.run`, `agent.start`, `agent.get`, `agent.cancel`. docs/bindings.md. */
import { z } from 'zod';
import { AGENT_BUDGETS_MAX, AGENT_LIMITS } from '../../protocol/agent-limits.ts';
import { AGENT_BINDING, type AgentTask } from '../../protocol/bindings/agent-binding.ts';
import type { HostCall } from '../run/host-call.ts';
import { bindingCall, checkArgument, type BindingLink, type BindingMethod } from './binding-call.ts';

const RUN_ID_CHARACTERS_MAX = 64;

const runSchema = z.strictObject({
  goal: z.string().min(1).max(AGENT_LIMITS.goalCharactersMax),
  tokens: z.int().min(1).max(AGENT_BUDGETS_MAX.tokensMax).optional(),
  timeoutMs: z.int().min(1).max(AGENT_BUDGETS_MAX.wallMsMax).optional(),
});
const idSchema = z.strictObject({ runId: z.string().min(1).max(RUN_ID_CHARACTERS_MAX) });

export function agentCall(link: BindingLink): HostCall {
  const method = (taskOf: (argument: unknown) => AgentTask): BindingMethod => async (context, binding, argument) => ({
    value: await link.ask({ app: context.app, binding, task: taskOf(argument) }, context.signal),
  });
  const begin = (how: 'run' | 'start') => method((argument): AgentTask => {
    const { goal, tokens, timeoutMs } = checkArgument(runSchema, argument);
    return { kind: AGENT_BINDING, method: how, goal, tokensMax: tokens, wallMsMax: timeoutMs };
  });
  const about = (what: 'get' | 'cancel') => method((argument): AgentTask => ({ kind: AGENT_BINDING, method: what, ...checkArgument(idSchema, argument) }));
  return bindingCall(AGENT_BINDING, { run: begin('run'), start: begin('start'), get: about('get'), cancel: about('cancel') });
}
