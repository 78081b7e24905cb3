/** What is used of node-llama-cpp 3.22, which is not installed with nanos (resolve-llama.ts), so its own types can't be named here. */
import type { Json } from '../../protocol/app.ts';

/** The number of a token in a model's vocabulary. */
export type Token = number;

export interface LlamaModule {
  getLlama(options: LlamaOptions): Promise<Llama>;
  resolveChatWrapper(model: LlamaModel): ChatWrapper | null;
  readonly GeneralChatWrapper: new () => ChatWrapper;
  readonly LlamaGrammarEvaluationState: new (options: { model: LlamaModel; grammar: LlamaGrammar }) => GrammarState;
  readonly InsufficientMemoryError: new () => Error;
}

interface LlamaOptions {
  readonly gpu: false | 'auto';
  readonly build: 'never';
  readonly skipDownload: true;
  readonly progressLogs: false;
  readonly logLevel: 'error';
  readonly maxThreads: number;
  logger(level: string, message: string): void;
}

export interface Llama {
  readonly gpu: string | false;
  loadModel(options: { readonly modelPath: string }): Promise<LlamaModel>;
  createGrammarForJsonSchema(schema: Json): Promise<LlamaGrammar>;
}

export interface LlamaModel {
  readonly tokenizer: Tokenizer;
  readonly trainContextSize: number;
  /** `spm`, `bpe`, … */
  readonly vocabularyType: string;
  readonly tokens: { readonly bos: Token | null; readonly shouldPrependBosToken: boolean };
  /** `specialTokens`: text such as `<|im_start|>` becomes one token */
  tokenize(text: string, specialTokens: boolean): Token[];
  detokenize(tokens: readonly Token[], specialTokens: boolean, lastTokens?: readonly Token[]): string;
  isEogToken(token: Token): boolean;
  createContext(options: { contextSize: number; sequences: number; flashAttention: boolean; threads: number }): Promise<LlamaContext>;
  createEmbeddingContext(options: { contextSize: number; threads: number }): Promise<LlamaEmbeddingContext>;
  dispose(): Promise<void>;
}

/** The model itself, as a function of a model's tokenizer. */
export type Tokenizer = (text: string, specialTokens?: boolean) => Token[];

export interface LlamaContext {
  /** tokens of one sequence; may be somewhat more than was asked for */
  readonly contextSize: number;
  getSequence(): LlamaSequence;
}

export interface LlamaSequence {
  readonly contextTokens: Token[];
  readonly nextTokenIndex: number;
  adaptStateToTokens(tokens: readonly Token[], allowShift: boolean): Promise<void>;
  clearHistory(): Promise<void>;
  evaluateWithoutGeneratingNewTokens(tokens: readonly Token[]): Promise<void>;
  evaluate(tokens: readonly Token[], options: EvaluateOptions): AsyncGenerator<Token, void, void>;
}

export interface EvaluateOptions {
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly grammarEvaluationState?: GrammarState;
}

export interface LlamaGrammar {
  readonly grammar: string;
}

/** Opaque: how far a text has come in a grammar. */
export interface GrammarState {
  clone(): GrammarState;
}

export interface LlamaEmbeddingContext {
  getEmbeddingFor(tokens: readonly Token[]): Promise<{ readonly vector: readonly number[] }>;
  dispose(): Promise<void>;
}

export interface ChatWrapper {
  readonly wrapperName: string;
  generateContextState(options: { readonly chatHistory: readonly ChatItem[] }): { readonly contextText: LlamaText; readonly stopGenerationTriggers: readonly LlamaText[] };
}

export type ChatItem =
  | { readonly type: 'system'; readonly text: string }
  | { readonly type: 'user'; readonly text: string }
  | { readonly type: 'model'; readonly response: readonly string[] };

/** Text in which what is special and what is a person's word are apart. */
export interface LlamaText {
  readonly values: readonly (string | { readonly type: 'specialTokensText' | 'specialToken'; readonly value: string })[];
  tokenize(tokenizer: Tokenizer): Token[];
}
