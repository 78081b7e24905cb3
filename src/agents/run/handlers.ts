import type { Egress } from '../../net/egress/egress.ts';
import type { SyscallHandler } from '../syscall-handler.ts';
import { fileSyscalls } from '../syscalls/files.ts';
import { fleetSyscalls } from '../syscalls/fleet.ts';
import { llmSyscalls } from '../syscalls/llm.ts';
import { mcpSyscalls } from '../syscalls/mcp.ts';
import { memorySyscalls } from '../syscalls/memory.ts';
import { runSyscalls } from '../syscalls/run.ts';
import { webSyscalls } from '../syscalls/web.ts';
import type { Handlers } from './gate.ts';

/** The families of syscalls: the one registry. `openEgress` is called at the first request that an agent makes. */
export function createHandlers(openEgress: () => Promise<Egress>): Handlers {
  const families: readonly (readonly SyscallHandler[])[] = [
    runSyscalls,
    fileSyscalls,
    webSyscalls(openEgress),
    llmSyscalls,
    mcpSyscalls,
    memorySyscalls,
    fleetSyscalls,
  ];
  return new Map(families.flat().map((handler) => [handler.name, handler]));
}
