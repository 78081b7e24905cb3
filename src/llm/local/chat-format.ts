import type { CompletionRequest, ModelMessage } from '../../protocol/model.ts';
import type { LlamaModel, LlamaModule, Token } from './llama-api.ts';
import type { GrammarOptions } from './grammar-schema.ts';
import type { TextForm } from './tool-envelope.ts';

/** A chat as tokens, ready for the model's answer. */
export interface ChatPrompt {
  readonly tokens: readonly Token[];
  /** end the answer, besides the model's own end tokens */
  readonly stopTokens: readonly Token[];
  readonly stopTexts: readonly string[];
}

/** How one model is spoken to. What users, tools and guests wrote never becomes a special token. */
export interface ChatFormat {
  /** what an answer without a call looks like, when a call is possible */
  readonly textForm: TextForm;
  /** always in an envelope, even when there is no tool to call */
  readonly isAlwaysEnveloped: boolean;
  readonly grammarOptions: GrammarOptions;
  prompt(messages: readonly ModelMessage[], request: Pick<CompletionRequest, 'tools' | 'toolChoice'>): ChatPrompt;
}

export type CreateChatFormat = (model: LlamaModel, module: LlamaModule) => ChatFormat;
