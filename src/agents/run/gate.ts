/** The gate's decisions about one call, in their fixed order. What passes is recorded and only then acts: LiveReplies. */
import { z } from 'zod';
import { toolAllowed, toolToApprove } from '../../policy/agent-tools.ts';
import type { AgentVerdict } from '../../policy/agent-verdict.ts';
import { unpackPayload, type Payload } from '../../protocol/agent/payload.ts';
import { SYSCALLS, type SyscallKind, type SyscallName } from '../../protocol/agent/syscalls.ts';
import { SyscallError, type SyscallContext, type SyscallHandler } from '../syscall-handler.ts';
import type { Call } from './reply-source.ts';
import { RUN_LIMITS } from './run-limits.ts';

/** A call that may act. */
export interface Passed {
  readonly effect: SyscallKind['effect'];
  /** the tool that a person must approve first */
  readonly asks: string | undefined;
  act(): Uint8Array | Promise<Uint8Array>;
}

export type Handlers = ReadonlyMap<SyscallName, SyscallHandler>;

/** Throws a SyscallError, the reply, where the call does not pass. */
export function judge(call: Call, handlers: Handlers, context: SyscallContext): Passed {
  const handler = knownHandler(call, handlers);
  const payload = readPayload(call);
  const args = checkArguments(handler, payload);
  require(toolAllowed(handler.name, context.grant.manifest.tools));
  require(handler.authorize(args, context));
  return {
    effect: handler.effect?.(args) ?? SYSCALLS[handler.name].effect,
    asks: toolToApprove(handler.name, context.grant.approve),
    act: () => handler.act(args, payload.body, context),
  };
}

function knownHandler({ name, op }: Call, handlers: Handlers): SyscallHandler {
  const handler = name === 'unknown' ? undefined : handlers.get(name);
  if (handler === undefined) throw new SyscallError('unknown_syscall', `This host knows no syscall ${op}`);
  return handler;
}

function readPayload({ args }: Call): Payload {
  if (args === undefined) throw new SyscallError('too_large', `Arguments may have ${RUN_LIMITS.argumentBytesMax} bytes`);
  try {
    return unpackPayload(args);
  } catch (error) {
    if (error instanceof RangeError) throw new SyscallError('too_large', error.message);
    throw new SyscallError('invalid_argument', 'The first line of the arguments is no JSON in UTF-8');
  }
}

function checkArguments(handler: SyscallHandler, { head, body }: Payload): unknown {
  const parsed = handler.arguments.safeParse(head ?? {});
  if (!parsed.success) throw new SyscallError('invalid_argument', `${handler.name}: ${z.prettifyError(parsed.error)}`);
  if (handler.body === 'required' && body === undefined) throw new SyscallError('invalid_argument', `${handler.name} needs a body after its arguments`);
  if (handler.body === 'none' && body !== undefined) throw new SyscallError('invalid_argument', `${handler.name} takes no body after its arguments`);
  return parsed.data;
}

function require(verdict: AgentVerdict): void {
  if (!verdict.allowed) throw SyscallError.denied(verdict.asked, verdict.rule);
}
