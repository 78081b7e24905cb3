/** The family `fleet`: messages between agents that work together. */
import { z } from 'zod';
import { AGENT_LIMITS } from '../../protocol/agent-limits.ts';
import type { SyscallHandler } from '../syscall-handler.ts';
import { unconfigured } from './unconfigured.ts';

const REMEDY = 'this agent runs alone; messages go between the agents of a fleet';

const sendArguments = z.strictObject({ to: z.string().min(1).max(128) });
const receiveArguments = z.strictObject({ timeoutMs: z.int().min(0).max(AGENT_LIMITS.fleetReceiveMsMax).optional() });

export const fleetSyscalls: readonly SyscallHandler[] = [
  unconfigured({ name: 'fleet_send', arguments: sendArguments, body: 'required' }, REMEDY),
  unconfigured({ name: 'fleet_recv', arguments: receiveArguments, body: 'none' }, REMEDY),
];
