import type { Egress } from '../../net/egress/egress.ts';
import type { SyscallHandler } from '../syscall-handler.ts';
import { fileSyscalls } from '../syscalls/files.ts';
import { fleetSyscalls } from '../syscalls/fleet.ts';
import { llmSyscalls } from '../syscalls/llm.ts';
import { mcpSyscalls } from '../syscalls/mcp.ts';
import { memorySyscalls } from '../syscalls/memory.ts';
import type { OpenModel } from '../syscalls/run-models.ts';
import { runSyscalls } from '../syscalls/run.ts';
import { webSyscalls } from '../syscalls/web.ts';
import type { Handlers } from './gate.ts';

/** What stands behind the families; asked for at the first call that needs it. */
export interface HandlerParts {
  readonly openEgress: () => Promise<Egress>;
  readonly openModel: OpenModel;
  /** where memories are */
  readonly dataDir: string;
}

/** The families of syscalls: the one registry. */
export function createHandlers({ openEgress, openModel, dataDir }: HandlerParts): Handlers {
  const families: readonly (readonly SyscallHandler[])[] = [
    runSyscalls,
    fileSyscalls,
    webSyscalls(openEgress),
    llmSyscalls(openModel),
    mcpSyscalls,
    memorySyscalls(dataDir, openModel),
    fleetSyscalls,
  ];
  return new Map(families.flat().map((handler) => [handler.name, handler]));
}
