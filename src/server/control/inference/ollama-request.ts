/** Requests of Ollama's API (github.com/ollama/ollama/blob/main/docs/api.md), as far as a model here can serve them. Keys that say nothing to it are passed over. */
import { z } from 'zod';
import type { Json } from '../../../protocol/app.ts';
import type { CompletionRequest, ModelMessage, ModelToolCall } from '../../../protocol/model.ts';

const options = z.looseObject({
  num_predict: z.int().nullish(),
  temperature: z.number().min(0).nullish(),
  top_k: z.int().min(0).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
});

const noImages = z.array(z.never('this model sees no images')).nullish();

const shared = {
  model: z.string(),
  /** streamed unless it is false */
  stream: z.boolean().nullish(),
  format: z.union([z.literal(''), z.literal('json'), z.record(z.string(), z.json())]).nullish(),
  options: options.nullish(),
};

const message = z.looseObject({
  role: z.enum(['system', 'user', 'assistant', 'tool']),
  content: z.string().nullish(),
  images: noImages,
  tool_calls: z.array(z.looseObject({ function: z.looseObject({ name: z.string(), arguments: z.json() }) })).nullish(),
  tool_name: z.string().nullish(),
});

const tool = z.looseObject({ function: z.looseObject({ name: z.string().min(1), description: z.string().nullish(), parameters: z.json().nullish() }) });

export const chatSchema = z.looseObject({ ...shared, messages: z.array(message), tools: z.array(tool).nullish() });

export const generateSchema = z.looseObject({
  ...shared,
  prompt: z.string().nullish(),
  system: z.string().nullish(),
  /** the text is continued as it is */
  raw: z.boolean().nullish(),
  images: noImages,
  suffix: z.literal('', 'text can not be filled in between').nullish(),
});

export const embedSchema = z.looseObject({ model: z.string(), input: z.union([z.string(), z.array(z.string()).min(1).max(2_048)]) });

type Chat = z.infer<typeof chatSchema>;
type Shared = Pick<Chat, 'stream' | 'format' | 'options'>;

export function chatRequest(chat: Chat): CompletionRequest {
  const tools = (chat.tools ?? []).map(({ function: { name, description, parameters } }) => ({ name, description: description ?? undefined, parameters: parameters ?? undefined }));
  return { input: { messages: messagesOf(chat.messages) }, tools, ...restOf(chat) };
}

export function generateRequest(body: z.infer<typeof generateSchema>): CompletionRequest {
  const prompt = body.prompt ?? '';
  if (body.raw === true) return { input: { prompt }, ...restOf(body) };
  const system = body.system === null || body.system === undefined || body.system === '' ? [] : [{ role: 'system' as const, content: body.system }];
  return { input: { messages: [...system, { role: 'user', content: prompt }] }, ...restOf(body) };
}

function restOf({ stream, format, options: given }: Shared): Omit<CompletionRequest, 'input'> {
  const { num_predict: tokens, temperature, top_k: topK, top_p: topP, seed, stop } = given ?? {};
  return {
    schema: schemaOf(format),
    // zero and less: as many as there is room for
    maxTokens: tokens === null || tokens === undefined || tokens < 1 ? undefined : tokens,
    temperature: temperature ?? undefined,
    topK: topK ?? undefined,
    topP: topP ?? undefined,
    seed: seed ?? undefined,
    stop: typeof stop === 'string' ? [stop] : (stop ?? undefined),
    stream: stream !== false,
  };
}

function schemaOf(format: Shared['format']): Json | undefined {
  if (format === null || format === undefined || format === '') return undefined;
  return format === 'json' ? true : format;
}

/** Calls have no ids here: a result belongs to the last call of its tool that has none yet, or else to the first such call of any. */
function messagesOf(messages: readonly z.infer<typeof message>[]): ModelMessage[] {
  let open: ModelToolCall[] = [];
  return messages.map(({ role, content, tool_calls: calls, tool_name: toolName }, at) => {
    if (role === 'tool') {
      const answered = open.find(({ name }) => name === toolName) ?? open[0];
      open = open.filter((call) => call !== answered);
      return { role, content: content ?? '', toolCallId: answered?.id };
    }
    const toolCalls = (calls ?? []).map(({ function: { name, arguments: args } }, index) => ({ id: `call_${at}_${index}`, name, arguments: args }));
    if (role === 'assistant') open = toolCalls;
    return { role, content: content ?? '', toolCalls };
  });
}
