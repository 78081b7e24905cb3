/** What the supervisor, or a run of the command line, and the model process say to each other. */
import type { LocalModelFile } from '../llm/local/local-engine.ts';
import type { ErrorData } from '../protocol/errors.ts';
import type { CompletionChunk, CompletionRequest, Embeddings } from '../protocol/model.ts';

/** The process's one argument, as JSON. */
export interface ModelSettings {
  readonly threadsMax: number;
  readonly memoryBytesMax?: number | undefined;
  readonly engineFolder?: string | undefined;
}

export type ModelTask =
  | { readonly kind: 'complete'; readonly request: CompletionRequest }
  | { readonly kind: 'embed'; readonly inputs: readonly string[] };

export type ToModel =
  | { readonly type: 'start'; readonly id: number; readonly file: LocalModelFile; readonly tenant: string; readonly task: ModelTask }
  | { readonly type: 'abort'; readonly id: number };

export type FromModel =
  /** some chunks of a completion, in their order */
  | { readonly type: 'chunks'; readonly id: number; readonly chunks: readonly CompletionChunk[] }
  | { readonly type: 'embeddings'; readonly id: number; readonly embeddings: Embeddings }
  /** the last word about a call */
  | { readonly type: 'over'; readonly id: number; readonly error: ErrorData | undefined }
  /** native code is reading a file that a stranger may have made */
  | { readonly type: 'loading'; readonly path: string; readonly isOver: boolean };
