/** The protocol of the model that comes with nanos: models/MODEL_CARD.md. It knows no other wording. */
import type { ModelMessage, ModelTool } from '../../protocol/model.ts';
import type { CreateChatFormat } from './chat-format.ts';
import type { LlamaModel, Token } from './llama-api.ts';
import type { TextForm } from './tool-envelope.ts';

/** `general.name` in its file. */
export const EMBEDDED_MODEL_NAME = 'nanos-agent';

const SYSTEM = 'You are a nanos agent. Reply with one JSON object.';
/** It was trained on up to 768 tokens, a few of which are the call around a string. */
const STRING_CHARACTERS_MAX = 1_500;

/** It ends with a call of `done`, whose summary is its text. */
const DONE_FORM: TextForm = {
  tool: 'done',
  schema: { type: 'object', properties: { tool: { const: 'done' }, args: { type: 'object', properties: { summary: { type: 'string' } } } } },
  opening: /^\s*\{\s*"tool"\s*:\s*"done"\s*,\s*"args"\s*:\s*\{\s*"summary"\s*:\s*"/,
};

export const createEmbeddedFormat: CreateChatFormat = (model) => ({
  textForm: DONE_FORM,
  isAlwaysEnveloped: true,
  grammarOptions: { stringCharactersMax: STRING_CHARACTERS_MAX },
  prompt: (messages, { tools = [], toolChoice }) => {
    const shown = toolChoice === 'none' ? [] : tools;
    const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
    const head = `${system.length === 0 ? SYSTEM : system.join('\n')}\nTools:\n${shown.map(toolLine).join('\n')}`;
    const turns = messages.filter(({ role }) => role !== 'system').flatMap((message) => turn(model, message.role, contentOf(message)));
    return { tokens: [...turn(model, 'system', head), ...turns, ...opening(model, 'assistant', '')], stopTokens: [], stopTexts: [] };
  },
});

function toolLine({ name, description = '', parameters }: ModelTool): string {
  return `${name}(${parameterNames(parameters).join(', ')})${description === '' ? '' : `: ${description}`}`;
}

function parameterNames(parameters: ModelTool['parameters']): string[] {
  if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters)) return [];
  const properties = parameters['properties'];
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
}

function contentOf({ role, content, toolCalls = [] }: ModelMessage): string {
  const [call] = toolCalls;
  if (call !== undefined) return JSON.stringify({ tool: call.name, args: call.arguments });
  return role === 'assistant' ? JSON.stringify({ tool: 'done', args: { summary: content } }) : content;
}

function turn(model: LlamaModel, role: string, content: string): Token[] {
  return [...opening(model, role, content), ...model.tokenize('<|im_end|>', true), ...model.tokenize('\n', false)];
}

function opening(model: LlamaModel, role: string, content: string): Token[] {
  return [...model.tokenize('<|im_start|>', true), ...model.tokenize(`${role}\n${content}`, false)];
}
