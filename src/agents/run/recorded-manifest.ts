/** A manifest as the first entry of a journal holds it: the settled one, as JSON. */
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { parseFileRules } from '../../policy/agent-files.ts';
import { AGENT_BUDGETS_MAX } from '../../protocol/agent-limits.ts';
import type { AgentManifest } from '../../protocol/agent/manifest.ts';
import { NanosError } from '../../protocol/errors.ts';

const text = z.string();
const texts = z.array(z.string());
const secret = z.object({ template: text });
const count = z.int().nonnegative();
const path = text.refine(isAbsolute, 'must be an absolute path');
const globs = texts.refine(isGlobs, 'must be globs');

function upTo(max: number) {
  return count.max(max);
}

function fuelUpTo(max: bigint) {
  return z
    .string()
    .regex(/^\d{1,20}$/u)
    .transform(BigInt)
    .refine((fuel) => fuel <= max, `must be at most ${max}`);
}

function isGlobs(list: readonly string[]): boolean {
  try {
    parseFileRules('', list);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

const budgets = z.object({
  memoryBytesMax: upTo(AGENT_BUDGETS_MAX.memoryBytesMax),
  stepsMax: upTo(AGENT_BUDGETS_MAX.stepsMax),
  fuelMax: fuelUpTo(AGENT_BUDGETS_MAX.fuelMax),
  fuelPerResumeMax: fuelUpTo(AGENT_BUDGETS_MAX.fuelPerResumeMax),
  wallMsMax: upTo(AGENT_BUDGETS_MAX.wallMsMax),
  tokensMax: upTo(AGENT_BUDGETS_MAX.tokensMax),
});

const manifestSchema: z.ZodType<AgentManifest> = z.object({
  name: text,
  folder: path,
  file: path.optional(),
  goal: text,
  binary: path.optional(),
  model: z
    .object({
      provider: z.enum(['local', 'ollama', 'openai']),
      modelName: text.optional(),
      path: text.optional(),
      embeddingModel: text.optional(),
      contextWindow: count.optional(),
      apiUrl: text.optional(),
      apiKey: secret.optional(),
    })
    .optional(),
  budgets,
  permissions: z.object({ fsRead: globs, fsWrite: globs, network: z.union([z.boolean(), texts]) }),
  mcpServers: z.array(
    z.object({
      name: text,
      command: text.optional(),
      args: texts,
      env: z.record(text, secret),
      url: text.optional(),
      headers: z.record(text, secret),
      tools: texts.optional(),
    }),
  ),
  tools: texts.optional(),
  approve: texts,
  agents: z.array(z.object({ name: text, goal: text, tools: texts.optional() })),
  sharedMemory: text.optional(),
});

export function recordManifest(manifest: AgentManifest): unknown {
  return JSON.parse(JSON.stringify(manifest, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)));
}

/** Throws `recording_invalid`. */
export function readRecordedManifest(recorded: unknown): AgentManifest {
  const parsed = manifestSchema.safeParse(recorded);
  if (parsed.success) return parsed.data;
  throw new NanosError('recording_invalid', `The recording holds no manifest that this nanos reads: ${z.prettifyError(parsed.error)}`);
}
