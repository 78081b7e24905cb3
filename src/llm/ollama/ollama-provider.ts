/** Models of an Ollama server: https://github.com/ollama/ollama/blob/main/docs/api.md. */
import { z } from 'zod';
import type { CompletionChunk, CompletionRequest, Embeddings, ModelCall, ModelMessage, ModelProvider, ModelTool } from '../../protocol/model.ts';
import type { ModelHttp } from '../http/model-http.ts';
import { ModelServer } from '../http/model-server.ts';
import { readLines } from '../http/read-lines.ts';

export const OLLAMA_URL = 'http://127.0.0.1:11434';

export interface OllamaOptions {
  readonly http: ModelHttp;
  readonly model: string;
  readonly url?: string | undefined;
  /** of a proxy in front of it; Ollama itself has none */
  readonly key?: string | undefined;
  /** tokens of a conversation; by default what the server thinks right */
  readonly contextTokens?: number | undefined;
  readonly callMsMax?: number | undefined;
}

const errorSchema = z.object({ error: z.string() });

/** One line of an answer, or all of it: chat (`message`) or text (`response`). */
const answerSchema = z.object({
  message: z.object({ content: z.string().nullish(), tool_calls: z.array(z.object({ function: z.object({ name: z.string(), arguments: z.json() }) })).nullish() }).optional(),
  response: z.string().optional(),
  done: z.boolean().optional(),
  done_reason: z.string().optional(),
  prompt_eval_count: z.number().optional(),
  eval_count: z.number().optional(),
});

type Answer = z.infer<typeof answerSchema>;

const embeddingsSchema = z.object({ embeddings: z.array(z.array(z.number())), prompt_eval_count: z.number().optional() });

export function ollamaProvider(options: OllamaOptions): ModelProvider {
  const server = new ModelServer({ ...options, url: (options.url ?? OLLAMA_URL).replace(/\/+$/, ''), key: options.key });
  return {
    complete: (request, call) => complete(server, options, request, call),
    embed: (inputs, call) => embed(server, options, inputs, call),
  };
}

async function* complete(server: ModelServer, options: OllamaOptions, request: CompletionRequest, { signal }: ModelCall): AsyncGenerator<CompletionChunk, void> {
  let calls = 0;
  for await (const answer of answers(server, request, options, signal)) {
    const text = answer.message?.content ?? answer.response ?? '';
    if (text !== '') yield { type: 'text', text };
    for (const { function: called } of answer.message?.tool_calls ?? []) yield { type: 'tool_call', call: { id: `call_${calls++}`, ...called } };
    if (answer.done === true) return yield endOf(answer, calls > 0);
  }
  throw server.error('model_failed', 'broke the answer off');
}

function endOf({ done_reason: reason, prompt_eval_count: promptTokens = 0, eval_count: completionTokens = 0 }: Answer, hasCalls: boolean): CompletionChunk {
  const finishReason = hasCalls ? 'tool_calls' : reason === 'length' ? 'length' : 'stop';
  return { type: 'end', finishReason, usage: { promptTokens, completionTokens } };
}

async function* answers(server: ModelServer, request: CompletionRequest, options: OllamaOptions, signal: AbortSignal): AsyncGenerator<Answer, void> {
  const path = 'prompt' in request.input ? '/api/generate' : '/api/chat';
  for await (const line of readLines(server.post(path, bodyOf(request, options), signal, errorMessage))) {
    if (line.trim() !== '') yield parseAnswer(server, server.parse(line));
  }
}

function parseAnswer(server: ModelServer, body: unknown): Answer {
  const failure = errorMessage(body);
  if (failure !== undefined) throw server.error('model_failed', `failed: ${failure}`);
  const parsed = answerSchema.safeParse(body);
  if (!parsed.success) throw server.error('model_failed', `does not answer as Ollama does: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function errorMessage(body: unknown): string | undefined {
  return errorSchema.safeParse(body).data?.error;
}

function bodyOf(request: CompletionRequest, { model, contextTokens }: OllamaOptions): object {
  const { input, schema, maxTokens, temperature, topK, topP, seed, stop } = request;
  const tools = offeredTools(request);
  return {
    model,
    // `raw`: the text is continued, without the model's chat template
    ...('prompt' in input ? { prompt: input.prompt, raw: true } : { messages: messagesOf(input.messages) }),
    tools: tools.length === 0 ? undefined : tools.map(({ name, description = '', parameters = { type: 'object', properties: {} } }) => ({ type: 'function', function: { name, description, parameters } })),
    format: schema === true ? 'json' : schema,
    stream: request.stream === true,
    options: { num_ctx: contextTokens, num_predict: maxTokens, temperature, top_k: topK, top_p: topP, seed, stop },
  };
}

/** Ollama can't be told that a tool must be called, only which ones there are. */
function offeredTools({ tools = [], toolChoice }: CompletionRequest): readonly ModelTool[] {
  if (toolChoice === 'none') return [];
  return typeof toolChoice === 'object' ? tools.filter(({ name }) => name === toolChoice.name) : tools;
}

function messagesOf(messages: readonly ModelMessage[]): object[] {
  const nameOf = new Map(messages.flatMap(({ toolCalls = [] }) => toolCalls.map(({ id, name }) => [id, name])));
  return messages.map(({ role, content, toolCalls = [], toolCallId }) => ({
    role,
    content,
    tool_calls: toolCalls.length === 0 ? undefined : toolCalls.map(({ name, arguments: args }) => ({ function: { name, arguments: args } })),
    tool_name: role === 'tool' ? nameOf.get(toolCallId ?? '') : undefined,
  }));
}

async function embed(server: ModelServer, { model }: OllamaOptions, inputs: readonly string[], { signal }: ModelCall): Promise<Embeddings> {
  const parsed = embeddingsSchema.safeParse(await server.json('/api/embed', { model, input: inputs, truncate: false }, signal, errorMessage));
  if (!parsed.success || parsed.data.embeddings.length !== inputs.length) throw server.error('model_failed', 'does not answer as Ollama does');
  return { vectors: parsed.data.embeddings, promptTokens: parsed.data.prompt_eval_count ?? 0 };
}
