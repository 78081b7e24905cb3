/** Requests of OpenAI's API (platform.openai.com/docs/api-reference), as far as a model here can serve them. Keys that say nothing to it are passed over. */
import { z } from 'zod';
import type { Json } from '../../../protocol/app.ts';
import { NanosError } from '../../../protocol/errors.ts';
import type { CompletionRequest, ModelMessage, ModelTool } from '../../../protocol/model.ts';

/** OpenAI's own default for text, which has no natural end. */
const TEXT_TOKENS_DEFAULT = 16;

const textPart = z.looseObject({ type: z.string(), text: z.string().optional() });
const content = z.union([z.string(), z.array(textPart)]).nullish();
const toolCall = z.looseObject({ id: z.string(), function: z.looseObject({ name: z.string(), arguments: z.string() }) });

const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content,
  tool_calls: z.array(toolCall).nullish(),
  tool_call_id: z.string().nullish(),
});

const tool = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({ name: z.string().min(1), description: z.string().nullish(), parameters: z.json().nullish() }),
});

const shared = {
  model: z.string(),
  max_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  /** an addition that other servers have too */
  top_k: z.int().min(0).nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  n: z.literal(1, 'only one answer can be given at once').nullish(),
};

export const chatSchema = z.looseObject({
  ...shared,
  messages: z.array(message).min(1),
  tools: z.array(tool).nullish(),
  tool_choice: z.union([z.enum(['none', 'auto', 'required']), z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) })]).nullish(),
  response_format: z
    .discriminatedUnion('type', [
      z.looseObject({ type: z.literal('text') }),
      z.looseObject({ type: z.literal('json_object') }),
      z.looseObject({ type: z.literal('json_schema'), json_schema: z.looseObject({ schema: z.json().optional() }) }),
    ])
    .nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
});

export const textSchema = z.looseObject({ ...shared, prompt: z.union([z.string(), z.array(z.string()).length(1, 'only one prompt can be answered at once')]) });

export const embeddingsSchema = z.looseObject({
  model: z.string(),
  input: z.union([z.string(), z.array(z.string()).min(1).max(2_048)]),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  dimensions: z.null('the length of a vector can not be chosen').optional(),
});

type Chat = z.infer<typeof chatSchema>;

export function chatRequest(chat: Chat): CompletionRequest {
  return {
    input: { messages: chat.messages.map(messageOf) },
    tools: (chat.tools ?? []).map(toolOf),
    toolChoice: typeof chat.tool_choice === 'object' && chat.tool_choice !== null ? { name: chat.tool_choice.function.name } : (chat.tool_choice ?? undefined),
    schema: schemaOf(chat.response_format),
    ...samplingOf(chat),
    maxTokens: chat.max_completion_tokens ?? chat.max_tokens ?? undefined,
  };
}

export function textRequest(text: z.infer<typeof textSchema>): CompletionRequest {
  const prompt = typeof text.prompt === 'string' ? text.prompt : (text.prompt[0] ?? '');
  return { input: { prompt }, ...samplingOf(text), maxTokens: text.max_tokens ?? TEXT_TOKENS_DEFAULT };
}

function samplingOf({ temperature, top_p: topP, top_k: topK, seed, stop, stream }: Pick<Chat, 'temperature' | 'top_p' | 'top_k' | 'seed' | 'stop' | 'stream'>): Partial<CompletionRequest> {
  return {
    temperature: temperature ?? undefined,
    topP: topP ?? undefined,
    topK: topK ?? undefined,
    seed: seed ?? undefined,
    stop: typeof stop === 'string' ? [stop] : (stop ?? undefined),
    stream: stream ?? false,
  };
}

function messageOf({ role, content: written, tool_calls: calls, tool_call_id: toolCallId }: z.infer<typeof message>): ModelMessage {
  return {
    role: role === 'developer' ? 'system' : role,
    content: textOf(written),
    ...(calls === null || calls === undefined ? {} : { toolCalls: calls.map(({ id, function: called }) => ({ id, name: called.name, arguments: argumentsOf(called.arguments) })) }),
    ...(toolCallId === null || toolCallId === undefined ? {} : { toolCallId }),
  };
}

function textOf(written: z.infer<typeof content>): string {
  if (typeof written === 'string') return written;
  return (written ?? []).map(({ type, text }) => {
    if (text === undefined) throw new NanosError('model_unsupported', `Content of the type ${JSON.stringify(type)} can not be given to this model, only text`);
    return text;
  }).join('');
}

/** A client hands back what a model wrote, which need not be JSON. */
function argumentsOf(text: string): Json {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}

function toolOf({ function: { name, description, parameters } }: z.infer<typeof tool>): ModelTool {
  return { name, ...(description === null || description === undefined ? {} : { description }), ...(parameters === null || parameters === undefined ? {} : { parameters }) };
}

function schemaOf(format: Chat['response_format']): Json | undefined {
  if (format?.type === 'json_object') return true;
  return format?.type === 'json_schema' ? (format.json_schema.schema ?? true) : undefined;
}
