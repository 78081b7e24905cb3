/** The family `llm`: text and tool calls from a model. */
import { z } from 'zod';
import { ALLOWED } from '../../policy/agent-verdict.ts';
import { AGENT_LIMITS } from '../../protocol/agent-limits.ts';
import type { AgentManifest, ModelRequest } from '../../protocol/agent/manifest.ts';
import type { CompletionRequest, FinishReason, ModelProvider, ModelToolCall, TokenUsage } from '../../protocol/model.ts';
import { Turns } from '../../util/turns.ts';
import type { SyscallContext, SyscallHandler } from '../syscall-handler.ts';
import { modelSyscallError } from './model-syscall-error.ts';

/** The model that a manifest asks for; undefined: the embedded one. Rejects with a NanosError. */
export type OpenModel = (request: ModelRequest | undefined) => Promise<ModelProvider>;

/** A call that could take less than this is told how much: servers refuse a number that is larger than their model's context. */
const TOKENS_UNSAID_MIN = 16_384;

const sampling = {
  maxTokens: z.int().min(1).max(1_048_576).optional(),
  temperature: z.number().min(0).max(2).optional(),
  topK: z.int().min(1).max(1_000).optional(),
  topP: z.number().gt(0).max(1).optional(),
  seed: z.int().optional(),
  stop: z.array(z.string().min(1)).max(16).optional(),
  /** replies of status `chunk`, then the whole as the result */
  stream: z.boolean().optional(),
  schema: z.json().optional(),
};

const toolCall = z.strictObject({ id: z.string().optional(), name: z.string(), arguments: z.json() });

const message = z.strictObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.string(),
  toolCalls: z.array(toolCall).optional(),
  toolCallId: z.string().optional(),
});

const tool = z.strictObject({ name: z.string().min(1).max(128), description: z.string().optional(), parameters: z.json().optional() });

const inferArguments = z.strictObject(sampling);
type InferArguments = z.infer<typeof inferArguments>;

const chatArguments = z.strictObject({
  ...sampling,
  messages: z.array(message).min(1).max(10_000),
  tools: z.array(tool).max(256).optional(),
  /** may be called, and are not shown */
  unlistedTools: z.array(tool).max(256).optional(),
  /** a system message for a model that was not made for agents; the embedded one has its own, and knows no other */
  guide: z.string().optional(),
  toolChoice: z.union([z.enum(['auto', 'none', 'required']), z.strictObject({ name: z.string() })]).optional(),
});
type ChatArguments = z.infer<typeof chatArguments>;

interface Answer {
  readonly text: string;
  readonly toolCalls: readonly ModelToolCall[];
  readonly finishReason: FinishReason;
  readonly usage: TokenUsage;
}

/** By a run's own manifest. */
const models = new WeakMap<AgentManifest, RunModel>();

interface RunModel {
  readonly turns: Turns;
  readonly provider: Promise<ModelProvider>;
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
  return [infer, chat];
}

async function ask(open: OpenModel, request: CompletionRequest, context: SyscallContext): Promise<Answer> {
  const { grant, signal } = context;
  let end: (() => void) | undefined;
  try {
    const model = modelOf(grant.manifest, open);
    end = await model.turns.take(signal);
    return await complete(await model.provider, request, context);
  } catch (error) {
    throw modelSyscallError(error, signal);
  } finally {
    end?.();
  }
}

function modelOf(manifest: AgentManifest, open: OpenModel): RunModel {
  const known = models.get(manifest);
  if (known !== undefined) return known;
  const model = { turns: new Turns(AGENT_LIMITS.modelCallsMax), provider: open(manifest.model) };
  models.set(manifest, model);
  // what is missing may be there at the next call
  model.provider.catch(() => models.delete(manifest));
  return model;
}

async function complete(provider: ModelProvider, request: CompletionRequest, { grant, signal, progress }: SyscallContext): Promise<Answer> {
  let text = '';
  const toolCalls: ModelToolCall[] = [];
  const bounded = { ...request, maxTokens: tokensMax(request.maxTokens, progress?.tokensLeft()) };
  for await (const chunk of provider.complete(bounded, { tenant: grant.manifest.name, signal })) {
    if (chunk.type === 'text') {
      text += chunk.text;
      if (request.stream === true) progress?.part(new TextEncoder().encode(chunk.text));
    } else if (chunk.type === 'tool_call') toolCalls.push(chunk.call);
    else {
      progress?.charge(chunk.usage.promptTokens + chunk.usage.completionTokens);
      return { text, toolCalls, finishReason: chunk.finishReason, usage: chunk.usage };
    }
  }
  throw new Error('The model ended its answer without an end');
}

/** Whether a manifest gets the model that comes with nanos. */
export function isEmbedded(request: ModelRequest | undefined): boolean {
  return request === undefined || (request.provider === 'local' && request.path === undefined && request.modelName === undefined);
}

function tokensMax(asked: number | undefined, left = Number.MAX_SAFE_INTEGER): number | undefined {
  if (asked !== undefined) return Math.min(asked, left);
  return left < TOKENS_UNSAID_MIN ? left : undefined;
}

function withCallIds({ toolCalls, ...rest }: ChatArguments['messages'][number]) {
  return { ...rest, toolCalls: toolCalls?.map(({ id, ...call }, index) => ({ ...call, id: id ?? `call_${index}` })) };
}
