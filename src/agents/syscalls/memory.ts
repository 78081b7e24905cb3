/** The family `memory`: what an agent keeps beyond one run. */
import { z } from 'zod';
import { ALLOWED } from '../../policy/agent-verdict.ts';
import { AGENT_LIMITS } from '../../protocol/agent-limits.ts';
import type { AgentManifest } from '../../protocol/agent/manifest.ts';
import { MemoryStore } from '../memory/memory-store.ts';
import { SyscallError, type SyscallHandler } from '../syscall-handler.ts';

const key = z.string().min(1).max(512);
const storeArguments = z.strictObject({ key });
const recallArguments = z.union([z.strictObject({ key }), z.strictObject({ query: z.string().min(1).max(65_536), limit: z.int().min(1).max(100).optional() })]);

/** `dataDir`: where memories are. */
export function memorySyscalls(dataDir: string): readonly SyscallHandler[] {
  const storeOf = (manifest: AgentManifest): MemoryStore => new MemoryStore(dataDir, manifest);
  const store: SyscallHandler<z.infer<typeof storeArguments>> = {
    name: 'memory_store',
    arguments: storeArguments,
    body: 'required',
    authorize: () => ALLOWED,
    act(args, body, { grant }) {
      const bytes = body ?? new Uint8Array();
      if (bytes.length > AGENT_LIMITS.memoryTextBytesMax) throw new SyscallError('too_large', `A memory may have ${AGENT_LIMITS.memoryTextBytesMax} bytes`);
      const isStored = failing(() => storeOf(grant.manifest).store(args.key, new TextDecoder().decode(bytes), Date.now()));
      if (!isStored) throw new SyscallError('too_large', `The agent has ${AGENT_LIMITS.memoryTextsMax} memories already`);
      return new Uint8Array();
    },
  };
  const recall: SyscallHandler<z.infer<typeof recallArguments>> = {
    name: 'memory_recall',
    arguments: recallArguments,
    body: 'none',
    authorize: () => ALLOWED,
    act(args, _body, { grant }) {
      const found = failing(() => ('key' in args ? storeOf(grant.manifest).get(args.key) : storeOf(grant.manifest).search(args.query, args.limit ?? 1).join('\n\n') || undefined));
      if (found === undefined) throw new SyscallError('not_found', 'There is no such memory');
      return new TextEncoder().encode(found);
    },
  };
  return [store, recall];
}

function failing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new SyscallError('io_failed', `The memory can't be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}
