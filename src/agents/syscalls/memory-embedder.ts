import { AGENT_LIMITS } from '../../protocol/agent-limits.ts';
import type { AgentManifest, ModelRequest } from '../../protocol/agent/manifest.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { Embeddings } from '../../protocol/model.ts';
import type { MemoryVector } from '../memory/memory-store.ts';
import { UNWATCHED, type SyscallContext } from '../syscall-handler.ts';
import { runEmbed } from './run-embed.ts';
import { embeddingRequest, isEmbedded, type OpenModel } from './run-models.ts';

/** Characters of a text that its vector is made of: the first ones, and fewer where the model's context asks for it. */
const CHARACTERS_MAX = [16_000, 4_000, 1_000, 250] as const;

/** When a run's model failed to embed, ms of a clock that never goes back. */
const failedMs = new WeakMap<AgentManifest, number>();

/**
 * The vector of a text, by the model of the manifest; undefined where it has none: the embedded model's say little. A failure is none of the guest's: the
 * memory goes by words then, and whoever watches the run is told. Rejects with the reason of the call's signal only.
 */
export async function embedMemory(text: string, open: OpenModel, context: SyscallContext): Promise<MemoryVector | undefined> {
  const { grant, signal, progress = UNWATCHED } = context;
  const { manifest } = grant;
  if (!hasEmbeddings(manifest.model) || performance.now() < (failedMs.get(manifest) ?? -Infinity) + AGENT_LIMITS.memoryEmbedPauseMs) return undefined;
  try {
    return { model: vectorModel(manifest.model), vector: await embedded(text, open, context) };
  } catch (error) {
    signal.throwIfAborted();
    failedMs.set(manifest, performance.now());
    progress.note(`memory: no embeddings, so texts are found by their words: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

export function hasEmbeddings(model: ModelRequest | undefined): model is ModelRequest {
  return model !== undefined && (model.embeddingModel !== undefined || !isEmbedded(model));
}

/** What tells the vectors of two models apart. */
function vectorModel(model: ModelRequest): string {
  const { provider, apiUrl = '', path, modelName = '' } = embeddingRequest(model) ?? model;
  return `${provider} ${apiUrl} ${path ?? modelName}`;
}

async function embedded(text: string, open: OpenModel, context: SyscallContext): Promise<readonly number[]> {
  const [length = text.length, ...shorter] = CHARACTERS_MAX.filter((max, index) => index === 0 || max < text.length);
  let piece = length;
  for (;;) {
    try {
      return vectorOf(await embedOne(text.slice(0, piece).toWellFormed(), open, context));
    } catch (error) {
      const next = error instanceof NanosError && error.code === 'context_overflow' ? shorter.shift() : undefined;
      if (next === undefined) throw error;
      piece = next;
    }
  }
}

function embedOne(text: string, open: OpenModel, { grant, signal, progress = UNWATCHED }: SyscallContext): Promise<Embeddings> {
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(AGENT_LIMITS.memoryEmbedMsMax)]);
  return runEmbed([text], { open, manifest: grant.manifest, progress, signal: inTime });
}

function vectorOf({ vectors }: Embeddings): readonly number[] {
  const [vector = []] = vectors;
  const { memoryDimensionsMax } = AGENT_LIMITS;
  if (vector.length === 0 || vector.length > memoryDimensionsMax) throw new Error(`the model's vectors have ${vector.length} numbers, and 1 to ${memoryDimensionsMax} can be kept`);
  if (!vector.every(Number.isFinite)) throw new Error("the model's vectors hold what is no number");
  return vector;
}
