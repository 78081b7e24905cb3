/** The family `llm`: text and tool calls from a model, and vectors of texts. */
import { z } from 'zod';
import { ALLOWED } from '../../policy/agent-verdict.ts';
import { AGENT_LIMITS } from '../../protocol/agent-limits.ts';
import type { AgentManifest } from '../../protocol/agent/manifest.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { CompletionRequest, Embeddings, FinishReason, ModelProvider, ModelToolCall, TokenUsage } from '../../protocol/model.ts';
import { SAMPLING_OPTIONS, toolChoiceSchema, toolsSchema } from '../../protocol/model-options.ts';
import { UNWATCHED, type SyscallContext, type SyscallHandler, type TokenReservation } from '../syscall-handler.ts';
import { modelSyscallError } from './model-syscall-error.ts';
import { runEmbed } from './run-embed.ts';
import { isEmbedded, runModel, type OpenModel } from './run-models.ts';
import { likelyPromptTokens, likelyTokens, promptTokensMax } from './token-estimate.ts';

/** A call that does not say how many tokens it wants is given this many, and more of a large budget: servers refuse to be told a number that is larger than their model's context. */
const TOKENS_UNSAID_MIN = 16_384;

const toolCall = z.strictObject({ id: z.string().optional(), name: z.string(), arguments: z.json() });

const message = z.strictObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.string(),
  toolCalls: z.array(toolCall).optional(),
  toolCallId: z.string().optional(),
});

const inferArguments = z.strictObject(SAMPLING_OPTIONS);
type InferArguments = z.infer<typeof inferArguments>;

const chatArguments = z.strictObject({
  ...SAMPLING_OPTIONS,
  messages: z.array(message).min(1).max(10_000),
  tools: toolsSchema.optional(),
  /** may be called, and are not shown */
  unlistedTools: toolsSchema.optional(),
  /** a system message for a model that was not made for agents; the embedded one has its own, and knows no other */
  guide: z.string().optional(),
  toolChoice: toolChoiceSchema.optional(),
});
type ChatArguments = z.infer<typeof chatArguments>;

const embedArguments = z.strictObject({ texts: z.array(z.string()).min(1).max(AGENT_LIMITS.embeddedTextsMax) });
type EmbedArguments = z.infer<typeof embedArguments>;

interface Answer {
  readonly text: string;
  readonly toolCalls: readonly ModelToolCall[];
  readonly finishReason: FinishReason;
  readonly usage: TokenUsage;
}

export function llmSyscalls(open: OpenModel): readonly SyscallHandler[] {
  const infer: SyscallHandler<InferArguments> = {
    name: 'llm_infer',
    arguments: inferArguments,
    body: 'required',
    authorize: () => ALLOWED,
    async act(args, body, context) {
      const prompt = new TextDecoder().decode(body);
      const { text } = await ask(open, { ...args, input: { prompt } }, context);
      return new TextEncoder().encode(text);
    },
  };
  const chat: SyscallHandler<ChatArguments> = {
    name: 'llm_chat',
    arguments: chatArguments,
    body: 'none',
    authorize: () => ALLOWED,
    async act({ messages, guide, ...args }, _body, context) {
      const guided = guide === undefined || isEmbedded(context.grant.manifest.model) ? messages : [{ role: 'system' as const, content: guide }, ...messages];
      const { text: content, toolCalls, finishReason, usage } = await ask(open, { ...args, input: { messages: guided.map(withCallIds) } }, context);
      return new TextEncoder().encode(JSON.stringify({ content, ...(toolCalls.length === 0 ? {} : { toolCalls }), finishReason, usage }));
    },
  };
  const embed: SyscallHandler<EmbedArguments> = {
    name: 'llm_embed',
    arguments: embedArguments,
    body: 'none',
    authorize: () => ALLOWED,
    act: async ({ texts }, _body, context) => new TextEncoder().encode(JSON.stringify(await embedTexts(open, texts, context))),
  };
  return [infer, chat, embed];
}

async function embedTexts(open: OpenModel, texts: readonly string[], { grant, signal, progress = UNWATCHED }: SyscallContext): Promise<Embeddings> {
  try {
    return await runEmbed(texts, { open, manifest: grant.manifest, progress, signal });
  } catch (error) {
    if (error instanceof NanosError && error.code === 'token_limit') progress.spent(error.message);
    throw modelSyscallError(error, signal);
  }
}

async function ask(open: OpenModel, request: CompletionRequest, context: SyscallContext): Promise<Answer> {
  const { grant, signal } = context;
  let end: (() => void) | undefined;
  try {
    const model = runModel(grant.manifest, grant.manifest.model, open);
    end = await model.turns.take(signal);
    return await withinBudget(await model.provider, request, context);
  } catch (error) {
    throw modelSyscallError(error, signal);
  } finally {
    end?.();
  }
}

/** What the call may use is taken out of the run's budget before it begins, so that calls side by side don't use the same tokens. */
async function withinBudget(provider: ModelProvider, request: CompletionRequest, context: SyscallContext): Promise<Answer> {
  const { grant, progress = UNWATCHED } = context;
  const { tokensMax } = grant.manifest.budgets;
  const wanted = promptTokensMax(request) + (request.maxTokens ?? Math.max(TOKENS_UNSAID_MIN, Math.floor(tokensMax / (2 * AGENT_LIMITS.modelCallsMax))));
  const reservation = await progress.reserve(wanted);
  try {
    const bounded = boundedRequest(request, reservation.tokens, wanted, grant.manifest);
    if (bounded === undefined) throw new NanosError('token_limit', `The budget of ${tokensMax} tokens (resources.tokens) has ${reservation.tokens} left, which is too few for a prompt`);
    return await complete(provider, bounded, context, reservation);
  } catch (error) {
    if (error instanceof NanosError && error.code === 'token_limit') progress.spent(error.message);
    throw error;
  } finally {
    reservation.release();
  }
}

/** undefined: not even the prompt can be paid for. A local model counts its prompt before it begins; of the others' prompts one knows about how long they are. */
function boundedRequest(request: CompletionRequest, tokens: number, wanted: number, { model }: AgentManifest): CompletionRequest | undefined {
  if (tokens >= wanted) return { ...request, tokensMax: tokens };
  const isLocal = model === undefined || model.provider === 'local';
  const room = isLocal ? tokens : tokens - likelyPromptTokens(request);
  return room < 1 ? undefined : { ...request, tokensMax: tokens, maxTokens: Math.min(request.maxTokens ?? room, room) };
}

async function complete(provider: ModelProvider, request: CompletionRequest, { grant, signal, progress = UNWATCHED }: SyscallContext, reservation: TokenReservation): Promise<Answer> {
  let text = '';
  const toolCalls: ModelToolCall[] = [];
  const meter = new CallMeter(reservation, likelyPromptTokens(request));
  try {
    for await (const chunk of provider.complete(request, { tenant: grant.manifest.name, signal })) {
      if (chunk.type === 'text') {
        text += chunk.text;
        meter.wrote(chunk.text);
        if (request.stream === true) progress.part(new TextEncoder().encode(chunk.text));
      } else if (chunk.type === 'tool_call') toolCalls.push(chunk.call);
      else {
        meter.settle(chunk.usage.promptTokens + chunk.usage.completionTokens);
        return { text, toolCalls, finishReason: chunk.finishReason, usage: chunk.usage };
      }
    }
  } catch (error) {
    // a call that is given up has cost what it did until then
    if (!signal.aborted) meter.settle(0);
    throw error;
  }
  throw new Error('The model ended its answer without an end');
}

/** Charges a call about as it goes, and exactly when the model says what it used. */
class CallMeter {
  readonly #reservation: TokenReservation;
  #charged = 0;

  constructor(reservation: TokenReservation, promptTokens: number) {
    this.#reservation = reservation;
    this.#charge(promptTokens);
  }

  wrote(text: string): void {
    this.#charge(likelyTokens(text));
  }

  settle(tokens: number): void {
    this.#charge(tokens - this.#charged);
  }

  #charge(tokens: number): void {
    this.#charged += tokens;
    this.#reservation.charge(tokens);
  }
}

function withCallIds({ toolCalls, ...rest }: ChatArguments['messages'][number]) {
  return { ...rest, toolCalls: toolCalls?.map(({ id, ...call }, index) => ({ ...call, id: id ?? `call_${index}` })) };
}
