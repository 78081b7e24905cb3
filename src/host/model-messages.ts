/** What the supervisor, or a run of the command line, and the model process say to each other. */
import type { LocalModelFile } from '../llm/local/local-engine.ts';
import type { ErrorData } from '../protocol/errors.ts';
import type { CompletionChunk, Embeddings, ModelTask } from '../protocol/model.ts';

/** The process's one argument, as JSON. */
export interface ModelSettings {
  readonly threadsMax: number;
  readonly contextTokensMax?: number | undefined;
  readonly memoryBytesMax?: number | undefined;
  readonly engineFolder?: string | undefined;
}

export type ToModel =
  | { readonly type: 'start'; readonly id: number; readonly file: LocalModelFile; readonly tenant: string; readonly task: ModelTask }
  | { readonly type: 'abort'; readonly id: number };

/** Some chunks of a completion, in their order. */
export interface CallChunks {
  readonly id: number;
  readonly chunks: readonly CompletionChunk[];
}

export type FromModel =
  /** of some completions */
  | { readonly type: 'chunks'; readonly calls: readonly CallChunks[] }
  | { readonly type: 'embeddings'; readonly id: number; readonly embeddings: Embeddings }
  /** the last word about a call */
  | { readonly type: 'over'; readonly id: number; readonly error: ErrorData | undefined }
  /** native code is reading a file that a stranger may have made */
  | { readonly type: 'loading'; readonly path: string; readonly isOver: boolean };
