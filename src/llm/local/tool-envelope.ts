/** How a local model says that it calls a tool: one JSON object, `{"tool": NAME, "args": {…}}`, which a grammar holds it to. */
import type { Json } from '../../protocol/app.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { CompletionRequest, ModelTool } from '../../protocol/model.ts';
import { toGrammarSchema, type GrammarOptions } from './grammar-schema.ts';

export interface ToolEnvelope {
  /** for the grammar */
  readonly schema: Json;
  /** matches the beginning of a reply that is text, up to the text itself, a JSON string; undefined: it must call */
  readonly textOpening: RegExp | undefined;
}

/** The object that stands for text instead of a call, and how it begins. */
export interface TextForm {
  readonly schema: Json;
  readonly opening: RegExp;
  /** the tool that text is a call of; shown to the model by the caller it is a tool like the others, and every answer is a call */
  readonly tool?: string | undefined;
}

export const FINAL_FORM: TextForm = { schema: { type: 'object', properties: { final: { type: 'string' } } }, opening: /^\s*\{\s*"final"\s*:\s*"/ };

/** undefined when the request lets no tool be called. */
export function toolEnvelope(request: CompletionRequest, textForm: TextForm, options: GrammarOptions): ToolEnvelope | undefined {
  const { tools = [], unlistedTools = [], toolChoice = 'auto' } = request;
  if (toolChoice === 'none' || tools.length + unlistedTools.length === 0) return undefined;
  if (request.schema !== undefined) throw new NanosError('model_unsupported', 'A local model can be held to tools or to a JSON schema, and not to both at once');
  const isTextCalled = tools.some(({ name }) => name === textForm.tool);
  const others = unlistedTools.filter(({ name }) => name !== textForm.tool);
  const callable = typeof toolChoice === 'object' ? [toolNamed(tools, toolChoice.name)] : byName([...tools, ...others]);
  const calls = callable.map((tool) => callSchema(tool, options));
  if (toolChoice !== 'auto' || isTextCalled) return { schema: { oneOf: calls }, textOpening: undefined };
  return { schema: { oneOf: [...calls, toGrammarSchema(textForm.schema, options)] }, textOpening: textForm.opening };
}

function callSchema({ name, parameters }: ModelTool, options: GrammarOptions): Json {
  const args = toGrammarSchema(parameters ?? { type: 'object', properties: {} }, options);
  return { type: 'object', properties: { tool: { const: name }, args } };
}

function byName(tools: readonly ModelTool[]): ModelTool[] {
  const first = new Map<string, ModelTool>();
  for (const tool of tools) if (!first.has(tool.name)) first.set(tool.name, tool);
  return [...first.values()];
}

function toolNamed(tools: readonly ModelTool[], name: string): ModelTool {
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new NanosError('bad_request', `The tool ${JSON.stringify(name)} that must be called is not among the tools`);
  return tool;
}
