/** The family `memory`: what an agent keeps beyond one run. */
import { z } from 'zod';
import { ALLOWED } from '../../policy/agent-verdict.ts';
import { AGENT_LIMITS } from '../../protocol/agent-limits.ts';
import type { AgentManifest } from '../../protocol/agent/manifest.ts';
import { MemoryStore, type MemoryVector } from '../memory/memory-store.ts';
import { SyscallError, type SyscallHandler } from '../syscall-handler.ts';
import { embedMemory, hasEmbeddings } from './memory-embedder.ts';
import type { OpenModel } from './run-models.ts';

const key = z.string().min(1).max(512);
const storeArguments = z.strictObject({ key });
const recallArguments = z.union([z.strictObject({ key }), z.strictObject({ query: z.string().min(1).max(65_536), limit: z.int().min(1).max(100).optional() })]);

/** `dataDir`: where memories are. Texts and queries are embedded where the agent's model can; what needs no model is answered inline. */
export function memorySyscalls(dataDir: string, open: OpenModel): readonly SyscallHandler[] {
  const storeOf = (manifest: AgentManifest): MemoryStore => new MemoryStore(dataDir, manifest);
  const keep = (manifest: AgentManifest, name: string, text: string, meaning?: MemoryVector): Uint8Array => {
    const isStored = failing(() => storeOf(manifest).store(name, text, Date.now(), meaning));
    if (!isStored) throw new SyscallError('too_large', `The agent has ${AGENT_LIMITS.memoryTextsMax} memories already`);
    return new Uint8Array();
  };
  const store: SyscallHandler<z.infer<typeof storeArguments>> = {
    name: 'memory_store',
    arguments: storeArguments,
    body: 'required',
    authorize: () => ALLOWED,
    act(args, body, context) {
      const bytes = body ?? new Uint8Array();
      if (bytes.length > AGENT_LIMITS.memoryTextBytesMax) throw new SyscallError('too_large', `A memory may have ${AGENT_LIMITS.memoryTextBytesMax} bytes`);
      const { manifest } = context.grant;
      const text = new TextDecoder().decode(bytes);
      if (!hasEmbeddings(manifest.model)) return keep(manifest, args.key, text);
      return abortable(embedMemory(text, open, context)).then((meaning) => keep(manifest, args.key, text, meaning));
    },
  };
  const recall: SyscallHandler<z.infer<typeof recallArguments>> = {
    name: 'memory_recall',
    arguments: recallArguments,
    body: 'none',
    authorize: () => ALLOWED,
    act(args, _body, context) {
      const { manifest } = context.grant;
      if ('key' in args) return found(failing(() => storeOf(manifest).get(args.key)));
      const search = (meaning?: MemoryVector): Uint8Array => found(failing(() => storeOf(manifest).search(args.query, args.limit ?? 1, meaning).join('\n\n') || undefined));
      if (!hasEmbeddings(manifest.model)) return search();
      return abortable(embedMemory(args.query, open, context)).then(search);
    },
  };
  return [store, recall];
}

function found(text: string | undefined): Uint8Array {
  if (text === undefined) throw new SyscallError('not_found', 'There is no such memory');
  return new TextEncoder().encode(text);
}

function abortable<T>(work: Promise<T>): Promise<T> {
  return work.catch(() => {
    throw new SyscallError('aborted', 'The call of the memory was given up');
  });
}

function failing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new SyscallError('io_failed', `The memory can't be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}
