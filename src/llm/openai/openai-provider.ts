/** Models behind OpenAI's protocol, theirs or another server's: https://platform.openai.com/docs/api-reference/chat. */
import { z } from 'zod';
import type { Json } from '../../protocol/app.ts';
import type { CompletionChunk, CompletionRequest, Embeddings, FinishReason, ModelCall, ModelMessage, ModelProvider, ModelToolCall, TokenUsage } from '../../protocol/model.ts';
import type { ModelHttp } from '../http/model-http.ts';
import { ModelServer } from '../http/model-server.ts';
import { readEvents } from '../http/read-lines.ts';
import { ToolCallParts } from './tool-call-parts.ts';

export const OPENAI_URL = 'https://api.openai.com/v1';

export interface OpenaiOptions {
  readonly http: ModelHttp;
  readonly model: string;
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly callMsMax?: number | undefined;
}

const errorSchema = z.object({ error: z.union([z.string(), z.object({ message: z.string() })]) });
const usageSchema = z.object({ prompt_tokens: z.number(), completion_tokens: z.number().optional() });
const callPart = z.object({ index: z.number().optional(), id: z.string().nullish(), function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).optional() });
const content = z.object({ content: z.string().nullish(), tool_calls: z.array(callPart).nullish() });

/** One answer, or one piece of it: chat or text, whole or streamed. */
const answerSchema = z.object({
  choices: z.array(z.object({ message: content.optional(), delta: content.optional(), text: z.string().nullish(), finish_reason: z.string().nullish() })),
  usage: usageSchema.nullish(),
});

const embeddingsSchema = z.object({ data: z.array(z.object({ index: z.number().optional(), embedding: z.array(z.number()) })), usage: usageSchema });

const NO_USAGE: TokenUsage = { promptTokens: 0, completionTokens: 0 };

export function openaiProvider(options: OpenaiOptions): ModelProvider {
  const server = new ModelServer({ ...options, url: (options.url ?? OPENAI_URL).replace(/\/+$/, ''), key: options.key });
  return {
    complete: (request, call) => complete(server, options, request, call),
    embed: (inputs, call) => embed(server, options, inputs, call),
  };
}

async function* complete(server: ModelServer, options: OpenaiOptions, request: CompletionRequest, { signal }: ModelCall): AsyncGenerator<CompletionChunk, void> {
  const path = 'prompt' in request.input ? '/completions' : '/chat/completions';
  const calls = new ToolCallParts();
  let finishReason: FinishReason | undefined;
  let usage = NO_USAGE;
  for await (const { choices, usage: counted } of answers(server, path, bodyOf(request, options), request.stream === true, signal)) {
    if (counted !== null && counted !== undefined) usage = { promptTokens: counted.prompt_tokens, completionTokens: counted.completion_tokens ?? 0 };
    const [choice] = choices;
    const said = choice?.delta ?? choice?.message;
    const text = said?.content ?? choice?.text ?? '';
    if (text !== '') yield { type: 'text', text };
    for (const [index, part] of (said?.tool_calls ?? []).entries()) calls.add(part.index ?? index, { id: part.id, name: part.function?.name, arguments: part.function?.arguments });
    finishReason = finishReasonOf(choice?.finish_reason) ?? finishReason;
  }
  if (finishReason === undefined) throw server.error('model_failed', 'broke the answer off');
  const whole = calls.all();
  for (const call of whole) yield { type: 'tool_call', call };
  yield { type: 'end', finishReason: whole.length > 0 ? 'tool_calls' : finishReason, usage };
}

async function* answers(server: ModelServer, path: string, body: object, isStreamed: boolean, signal: AbortSignal): AsyncGenerator<z.infer<typeof answerSchema>, void> {
  if (!isStreamed) return yield parseAnswer(server, await server.json(path, body, signal, errorMessage));
  const streamed = { ...body, stream: true, stream_options: { include_usage: true } };
  for await (const data of readEvents(server.post(path, streamed, signal, errorMessage))) {
    if (data === '[DONE]') return;
    yield parseAnswer(server, server.parse(data));
  }
}

function parseAnswer(server: ModelServer, body: unknown): z.infer<typeof answerSchema> {
  const failure = errorMessage(body);
  if (failure !== undefined) throw server.error('model_failed', `failed: ${failure}`);
  const parsed = answerSchema.safeParse(body);
  if (!parsed.success) throw server.error('model_failed', `does not answer as OpenAI's API does: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function errorMessage(body: unknown): string | undefined {
  const error = errorSchema.safeParse(body).data?.error;
  return typeof error === 'object' ? error.message : error;
}

function finishReasonOf(reason: string | null | undefined): FinishReason | undefined {
  if (reason === null || reason === undefined) return undefined;
  if (reason === 'length') return 'length';
  return reason === 'tool_calls' || reason === 'function_call' ? 'tool_calls' : 'stop';
}

function bodyOf(request: CompletionRequest, { model, url }: OpenaiOptions): object {
  const { input, tools = [], toolChoice, schema, maxTokens, temperature, topP, seed, stop } = request;
  // theirs knows the newer name only, and other servers the older one
  const limit = url === undefined || new URL(url).hostname === 'api.openai.com' ? 'max_completion_tokens' : 'max_tokens';
  return {
    model,
    ...('prompt' in input ? { prompt: input.prompt } : { messages: input.messages.map(messageOf) }),
    tools: tools.length === 0 ? undefined : tools.map(({ name, description, parameters }) => ({ type: 'function', function: { name, description, parameters } })),
    tool_choice: tools.length === 0 ? undefined : toolChoiceOf(toolChoice),
    response_format: schema === undefined ? undefined : responseFormat(schema),
    [limit]: maxTokens,
    temperature,
    top_p: topP,
    seed,
    stop,
  };
}

function toolChoiceOf(choice: CompletionRequest['toolChoice']): unknown {
  return typeof choice === 'object' ? { type: 'function', function: { name: choice.name } } : choice;
}

function responseFormat(schema: Json): object {
  return schema === true ? { type: 'json_object' } : { type: 'json_schema', json_schema: { name: 'answer', schema } };
}

function messageOf({ role, content: text, toolCalls = [], toolCallId }: ModelMessage): object {
  if (role === 'tool') return { role, content: text, tool_call_id: toolCallId ?? '' };
  if (toolCalls.length === 0) return { role, content: text };
  return { role, content: text === '' ? null : text, tool_calls: toolCalls.map(callOf) };
}

function callOf({ id, name, arguments: args }: ModelToolCall): object {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(args) } };
}

async function embed(server: ModelServer, { model }: OpenaiOptions, inputs: readonly string[], { signal }: ModelCall): Promise<Embeddings> {
  const body = await server.json('/embeddings', { model, input: inputs, encoding_format: 'float' }, signal, errorMessage);
  const parsed = embeddingsSchema.safeParse(body);
  if (!parsed.success || parsed.data.data.length !== inputs.length) throw server.error('model_failed', 'does not answer as OpenAI\'s API does');
  const { data, usage } = parsed.data;
  return { vectors: data.toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0)).map(({ embedding }) => embedding), promptTokens: usage.prompt_tokens };
}
