/** Any chat model: its own template, from its file, and tools described in the system message. */
import type { ModelMessage, ModelTool } from '../../protocol/model.ts';
import type { ChatFormat, ChatPrompt, CreateChatFormat } from './chat-format.ts';
import type { ChatItem, ChatWrapper, LlamaModel, LlamaText } from './llama-api.ts';
import { FINAL_FORM } from './tool-envelope.ts';

const MAY_CALL = 'You can call tools. Reply with one JSON object and nothing else: {"tool": "NAME", "args": {…}} calls a tool, and {"final": "TEXT"} is your answer.';
const MUST_CALL = 'Call a tool. Reply with one JSON object and nothing else: {"tool": "NAME", "args": {…}}';

export const createTemplateFormat: CreateChatFormat = (model, module) => {
  const wrapper = module.resolveChatWrapper(model) ?? new module.GeneralChatWrapper();
  return {
    textForm: FINAL_FORM,
    isAlwaysEnveloped: false,
    grammarOptions: {},
    prompt: (messages, { tools = [], toolChoice = 'auto' }) => {
      const offered = toolChoice === 'none' ? [] : tools;
      return render(model, wrapper, chatItems(messages, toolText(offered, toolChoice === 'auto')));
    },
  } satisfies ChatFormat;
};

function toolText(tools: readonly ModelTool[], mayAnswer: boolean): string {
  if (tools.length === 0) return '';
  const lines = tools.map(({ name, description, parameters }) => JSON.stringify({ name, description, parameters }));
  return [mayAnswer ? MAY_CALL : MUST_CALL, 'Tools:', ...lines].join('\n');
}

/** Templates differ in what they make of tools, so calls and results are plain turns. */
function chatItems(messages: readonly ModelMessage[], tools: string): ChatItem[] {
  const system = [...messages.filter(({ role }) => role === 'system').map(({ content }) => content), tools].filter((text) => text !== '').join('\n\n');
  const nameOf = new Map(messages.flatMap(({ toolCalls = [] }) => toolCalls.map(({ id, name }) => [id, name])));
  const turns = messages.filter(({ role }) => role !== 'system').map((message): ChatItem => chatItem(message, nameOf, tools !== ''));
  return [...(system === '' ? [] : [{ type: 'system' as const, text: system }]), ...turns, { type: 'model', response: [] }];
}

function chatItem({ role, content, toolCalls = [], toolCallId }: ModelMessage, nameOf: ReadonlyMap<string, string>, hasTools: boolean): ChatItem {
  if (role === 'tool') return { type: 'user', text: `Result of ${nameOf.get(toolCallId ?? '') ?? 'the tool'}:\n${content}` };
  if (role !== 'assistant') return { type: 'user', text: content };
  const calls = toolCalls.map((call) => JSON.stringify({ tool: call.name, args: call.arguments }));
  const said = content === '' && calls.length > 0 ? [] : [hasTools ? JSON.stringify({ final: content }) : content];
  return { type: 'model', response: [[...(calls.length > 0 ? calls : said)].join('\n')] };
}

function render(model: LlamaModel, wrapper: ChatWrapper, chatHistory: readonly ChatItem[]): ChatPrompt {
  const { contextText, stopGenerationTriggers } = wrapper.generateContextState({ chatHistory });
  const stops = stopGenerationTriggers.map((trigger) => stopOf(model, trigger));
  return {
    tokens: contextText.tokenize(model.tokenizer),
    stopTokens: stops.flatMap((stop) => (typeof stop === 'number' ? [stop] : [])),
    stopTexts: stops.flatMap((stop) => (typeof stop === 'string' && stop !== '' ? [stop] : [])),
  };
}

/** One token, where the trigger is one; else the text that a reader would see. */
function stopOf(model: LlamaModel, trigger: LlamaText): number | string {
  const tokens = trigger.tokenize(model.tokenizer);
  const isSpecial = trigger.values.every((value) => typeof value !== 'string');
  if (isSpecial) return tokens.length === 1 ? tokens[0]! : '';
  return trigger.values.map((value) => (typeof value === 'string' ? value : '')).join('');
}
