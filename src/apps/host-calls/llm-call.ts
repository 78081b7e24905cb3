/** The host call of bindings of type `llm`: `llm.chat`, `llm.embed`, and `llm.run` as in Workers AI. docs/bindings.md. */
import { z } from 'zod';
import { LLM_BINDING, type LlmAnswer, type LlmTask } from '../../protocol/bindings/llm-binding.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { CompletionChunk, CompletionRequest, Embeddings, TokenUsage } from '../../protocol/model.ts';
import { maxTokensSchema, SAMPLING_OPTIONS, toolChoiceSchema, toolsSchema } from '../../protocol/model-options.ts';
import type { ByteReader } from '../run/guest-streams.ts';
import type { HostCall, HostCallContext } from '../run/host-call.ts';
import { bindingCall, checkArgument, type BindingLink, type BindingMethod, type ChunkReader } from './binding-call.ts';

/** Texts of one call of `embed`, as Workers AI has it. */
const TEXTS_MAX = 100;

const role = z.enum(['system', 'user', 'assistant', 'tool']);
const toolCall = z.strictObject({ id: z.string(), name: z.string(), arguments: z.json() });
const message = z.strictObject({ role, content: z.string(), toolCalls: z.array(toolCall).optional(), toolCallId: z.string().optional() });
const chatSchema = z.strictObject({
  ...SAMPLING_OPTIONS,
  messages: z.array(message).min(1).max(10_000),
  tools: toolsSchema.optional(),
  toolChoice: toolChoiceSchema.optional(),
});

const textsSchema = z.union([z.string().transform((text) => [text]), z.array(z.string()).min(1).max(TEXTS_MAX)], { error: `must be a text or a list of 1 to ${TEXTS_MAX} texts` });

/** As in Workers AI; keys that say nothing to a model here are passed over. */
const inputSchema = z.looseObject({
  prompt: z.string().optional(),
  messages: z.array(z.looseObject({ role, content: z.string() })).min(1).max(10_000).optional(),
  tools: z.array(z.looseObject({ name: z.string().min(1).max(128), description: z.string().optional(), parameters: z.json().optional() })).max(256).optional(),
  text: textsSchema.optional(),
  stream: z.boolean().optional(),
  max_tokens: maxTokensSchema.optional(),
  temperature: z.number().min(0).max(5).optional(),
  top_k: z.int().min(1).max(1_000).optional(),
  top_p: z.number().gt(0).max(2).optional(),
  seed: z.int().optional(),
  response_format: z.looseObject({ type: z.enum(['json_object', 'json_schema']), json_schema: z.json().optional() }).optional(),
});
const runSchema = z.strictObject({ model: z.string(), input: inputSchema });
type Input = z.infer<typeof inputSchema>;

export function llmCall(link: BindingLink): HostCall {
  const ask = async <T>(context: HostCallContext, binding: string, task: LlmTask): Promise<T> => (await link.ask({ app: context.app, binding, task }, context.signal)) as T;
  const open = async (context: HostCallContext, binding: string, request: CompletionRequest): Promise<ChunkReader> =>
    link.open({ app: context.app, binding, task: { kind: 'llm', method: 'complete', request: { ...request, stream: true } } }, context.signal);

  const chat: BindingMethod = async (context, binding, argument) => {
    const { messages, stream = false, ...options } = checkArgument(chatSchema, argument, 'the options');
    const request: CompletionRequest = { ...options, input: { messages } };
    if (!stream) return { value: await ask<LlmAnswer>(context, binding, { kind: 'llm', method: 'complete', request }) };
    requireNoTools(request);
    return { stream: encoded(await open(context, binding, request), { chunk: (text) => text, end: () => '' }) };
  };

  const embed: BindingMethod = async (context, binding, argument) => {
    const inputs = checkArgument(textsSchema, argument, 'the texts');
    const { vectors } = await ask<Embeddings>(context, binding, { kind: 'llm', method: 'embed', inputs });
    return { value: vectors };
  };

  const run: BindingMethod = async (context, binding, argument) => {
    const { input } = checkArgument(runSchema, argument);
    if (input.text !== undefined) {
      const { vectors } = await ask<Embeddings>(context, binding, { kind: 'llm', method: 'embed', inputs: input.text });
      return { value: { shape: [vectors.length, vectors[0]?.length ?? 0], data: vectors } };
    }
    const request = completionOf(input);
    if (input.stream !== true) return { value: workersAnswer(await ask<LlmAnswer>(context, binding, { kind: 'llm', method: 'complete', request })) };
    requireNoTools(request);
    return { stream: encoded(await open(context, binding, request), SERVER_SENT_EVENTS) };
  };

  return bindingCall(LLM_BINDING, { chat, embed, run });
}

function requireNoTools({ tools = [] }: CompletionRequest): void {
  if (tools.length > 0) throw new NanosError('bad_request', 'stream: calls of tools do not come in a stream of text: leave out stream, or tools');
}

function completionOf(input: Input): CompletionRequest {
  const { prompt, messages, tools, max_tokens: tokensMax, temperature, top_k: topK, top_p: topP, seed, response_format: format } = input;
  const asked = messages ?? (prompt === undefined ? undefined : [{ role: 'user' as const, content: prompt }]);
  if (asked === undefined) throw new NanosError('bad_request', 'input: must have messages, a prompt or a text');
  const schema = format === undefined ? undefined : (format.json_schema ?? true);
  const shown = tools?.map(({ name, description, parameters }) => ({ name, description, parameters }));
  return { input: { messages: asked.map(({ role: by, content }) => ({ role: by, content })) }, tools: shown, maxTokens: tokensMax, temperature, topK, topP, seed, schema };
}

function workersUsage({ promptTokens, completionTokens }: TokenUsage) {
  return { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: promptTokens + completionTokens };
}

function workersAnswer({ text, toolCalls, usage }: LlmAnswer) {
  const calls = toolCalls.map(({ name, arguments: args }) => ({ name, arguments: args }));
  return { response: text, ...(calls.length === 0 ? {} : { tool_calls: calls }), usage: workersUsage(usage) };
}

interface Encoding {
  chunk(text: string): string;
  end(usage: TokenUsage): string;
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html, with the data of Workers AI */
const SERVER_SENT_EVENTS: Encoding = {
  chunk: (text) => `data: ${JSON.stringify({ response: text })}\n\n`,
  end: (usage) => `data: ${JSON.stringify({ response: '', usage: workersUsage(usage) })}\n\ndata: [DONE]\n\n`,
};

/** A model's chunks as bytes for a response's body. */
function encoded(chunks: ChunkReader, { chunk: write, end }: Encoding): ByteReader {
  return {
    async read() {
      for (;;) {
        const chunk = (await chunks.read()) as CompletionChunk | null;
        if (chunk === null) return null;
        const text = chunk.type === 'text' ? write(chunk.text) : chunk.type === 'end' ? end(chunk.usage) : '';
        if (text !== '') return Buffer.from(text);
      }
    },
    cancel: () => chunks.cancel(),
  };
}
