/** The binding `llm`: what a folder asks, what the operator grants, and what crosses for a call. docs/bindings.md. */
import { z } from 'zod';
import type { ModelRequest } from '../agent/manifest.ts';
import type { CompletionRequest, FinishReason, ModelToolCall, TokenUsage } from '../model.ts';

export const LLM_BINDING = 'llm';
/** Of one answer, when neither folder nor operator say how many. */
const ANSWER_TOKENS_MAX = 2_048;

const text = z.string().min(1, 'must not be empty').max(1_024, 'must have at most 1024 characters');
const tokens = z.int().min(1).max(1_048_576);
const secretReference = z.string().regex(/^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/, 'must be ${NAME}, of a name that is listed under secrets');
const httpUrl = text.refine((written) => /^https?:$/.test(URL.parse(written)?.protocol ?? ''), 'must be an http or https URL');

/** `model`: the `model_name` that must be granted */
export const llmRequestSchema = z.strictObject({ type: z.literal(LLM_BINDING), model: text.optional(), max_tokens: tokens.optional() });
type LlmRequest = z.infer<typeof llmRequestSchema>;

const modelSchema = z
  .strictObject({
    provider: z.enum(['local', 'ollama', 'openai']),
    model_name: text.optional(),
    path: text.optional(),
    context_window: z.int().min(1).max(16_777_216).optional(),
    api_url: httpUrl.optional(),
    api_key: secretReference.optional(),
  })
  .transform(
    (written): ModelRequest => ({
      provider: written.provider,
      modelName: written.model_name,
      path: written.path,
      contextWindow: written.context_window,
      apiUrl: written.api_url,
      apiKey: written.api_key === undefined ? undefined : { template: written.api_key },
    }),
  );

/** `model` as in a manifest; without it the model that comes with the host */
export const llmGrantSchema = z.strictObject({ type: z.literal(LLM_BINDING), model: modelSchema.optional(), max_tokens: tokens.optional() });
type LlmGrant = z.infer<typeof llmGrantSchema>;

export interface LlmBinding {
  readonly type: typeof LLM_BINDING;
  /** undefined: the one that comes with the host */
  readonly model: ModelRequest | undefined;
  /** of one answer */
  readonly answerTokensMax: number;
}

/** What the app gets; text: why it gets nothing. */
export function settleLlm(request: LlmRequest | undefined, grant: LlmGrant): LlmBinding | string {
  const granted = grant.model?.modelName;
  if (request?.model !== undefined && request.model !== granted) {
    return `the model ${request.model} is not granted: the operator's is ${granted ?? 'the one that comes with the host'}`;
  }
  const answerTokensMax = Math.min(request?.max_tokens ?? Infinity, grant.max_tokens ?? ANSWER_TOKENS_MAX);
  return { type: LLM_BINDING, model: grant.model, answerTokensMax };
}

/** `complete` is answered by an {@link LlmAnswer}, with `stream` by completion chunks; `embed` by Embeddings. */
export type LlmTask =
  | { readonly kind: 'llm'; readonly method: 'complete'; readonly request: CompletionRequest }
  | { readonly kind: 'llm'; readonly method: 'embed'; readonly inputs: readonly string[] };

export interface LlmAnswer {
  readonly text: string;
  readonly toolCalls: readonly ModelToolCall[];
  readonly usage: TokenUsage;
  readonly stopReason: FinishReason;
}
