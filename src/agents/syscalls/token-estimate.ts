import type { CompletionRequest } from '../../protocol/model.ts';

/** What a chat template puts around a conversation. */
const TEMPLATE_TOKENS_MAX = 1_024;
const MESSAGE_TOKENS_MAX = 16;
const CHARACTERS_PER_TOKEN = 4;

/** More tokens than a text has by any tokenizer: none makes more of it than it has bytes. */
export function textTokensMax(text: string): number {
  return Buffer.byteLength(text) + MESSAGE_TOKENS_MAX;
}

/** About as many as a text has. */
export function likelyTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** More tokens than a prompt has. */
export function promptTokensMax({ input, tools, schema }: CompletionRequest): number {
  const messages = 'messages' in input ? input.messages.length : 1;
  return textTokensMax(JSON.stringify([input, tools, schema])) + messages * MESSAGE_TOKENS_MAX + TEMPLATE_TOKENS_MAX;
}

/** About as many as a prompt has. */
export function likelyPromptTokens({ input, tools = [] }: CompletionRequest): number {
  const texts = 'messages' in input ? input.messages.map(({ content, toolCalls = [] }) => content + (toolCalls.length === 0 ? '' : JSON.stringify(toolCalls))) : [input.prompt];
  return texts.reduce((sum, text) => sum + likelyTokens(text), tools.length === 0 ? 0 : likelyTokens(JSON.stringify(tools)));
}
