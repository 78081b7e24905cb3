/** What models are asked and what they answer: the contract between agents, apps and the control plane on one side, and the drivers in src/llm on the other. */
import type { Json } from './app.ts';

export interface ModelToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: Json;
}

export interface ModelMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  /** of an assistant's message */
  readonly toolCalls?: readonly ModelToolCall[] | undefined;
  /** of a tool's message: the call that it answers */
  readonly toolCallId?: string | undefined;
}

export interface ModelTool {
  readonly name: string;
  readonly description?: string | undefined;
  /** JSON schema of an object; undefined: no parameters */
  readonly parameters?: Json | undefined;
}

export interface CompletionRequest {
  /** a chat, or the beginning of a text to be continued */
  readonly input: { readonly messages: readonly ModelMessage[] } | { readonly prompt: string };
  readonly tools?: readonly ModelTool[] | undefined;
  /**
   * Tools that a call may name although they are not shown to the model. A model that was trained on them misuses another one when it can't name
   * the one it wants; whoever runs the calls refuses them.
   */
  readonly unlistedTools?: readonly ModelTool[] | undefined;
  /** `auto` by default: the model chooses between a call and text */
  readonly toolChoice?: 'auto' | 'none' | 'required' | { readonly name: string } | undefined;
  /** JSON schema that the text is an instance of; `true`: any JSON. Not together with tools that may be called. */
  readonly schema?: Json | undefined;
  /** by default what is left of the context window */
  readonly maxTokens?: number | undefined;
  /** of prompt and answer together, by a budget; a local model refuses a longer prompt with `token_limit`, others do not look at it */
  readonly tokensMax?: number | undefined;
  /** 0, the default of local models: always the likeliest token */
  readonly temperature?: number | undefined;
  readonly topK?: number | undefined;
  readonly topP?: number | undefined;
  readonly seed?: number | undefined;
  /** the text ends before the first of these */
  readonly stop?: readonly string[] | undefined;
  /** text comes in pieces; otherwise in one */
  readonly stream?: boolean | undefined;
}

export interface TokenUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls';

/** Pieces of text in their order, tool calls whole, and `end` last, once. */
export type CompletionChunk =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_call'; readonly call: ModelToolCall }
  | { readonly type: 'end'; readonly finishReason: FinishReason; readonly usage: TokenUsage };

export interface Embeddings {
  readonly vectors: readonly (readonly number[])[];
  readonly promptTokens: number;
}

/** What a model is asked for. */
export type ModelTask =
  | { readonly kind: 'complete'; readonly request: CompletionRequest }
  | { readonly kind: 'embed'; readonly inputs: readonly string[] };

/** On whose behalf, and for how long. */
export interface ModelCall {
  /** calls of different tenants take turns */
  readonly tenant: string;
  /** aborted: the model stops, and the call rejects with the signal's reason */
  readonly signal: AbortSignal;
}

/** One model. Calls throw NanosError (`context_overflow`, `model_…`, `overloaded`) or the signal's reason. */
export interface ModelProvider {
  /** Ends when it is not read on, too. */
  complete(request: CompletionRequest, call: ModelCall): AsyncIterable<CompletionChunk>;
  /** A vector for each input. */
  embed(inputs: readonly string[], call: ModelCall): Promise<Embeddings>;
}

export interface ModelInfo {
  readonly name: string;
  /** of its file */
  readonly bytes: number;
  /** of its file, ms since the epoch */
  readonly modifiedMs: number;
  readonly architecture: string;
  readonly parameters: number;
  /** tokens that it was trained on at once */
  readonly contextTokens: number;
  /** as GGUF names the type of most weights: `Q8_0` */
  readonly quantization: string;
}

/** The models that a host serves by their names. */
export interface ModelService {
  /** The default one first. */
  list(): Promise<readonly ModelInfo[]>;
  /** Rejects with `model_missing` when none has this name. */
  open(name: string): Promise<ModelProvider>;
}
