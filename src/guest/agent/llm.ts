import { callForJson, callForText, runtime, type Cancellable } from './runtime.ts';

export interface Sampling extends Cancellable {
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly maxTokens?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  readonly seed?: number | undefined;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  /** of an assistant: what it wants called */
  readonly toolCalls?: readonly ToolCall[] | undefined;
  /** of a tool: the call that this answers */
  readonly toolCallId?: string | undefined;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
}

export interface ChatTool {
  readonly name: string;
  readonly description?: string | undefined;
  /** a JSON schema */
  readonly parameters?: unknown;
}

export interface ChatOptions extends Sampling {
  readonly tools?: readonly ChatTool[] | undefined;
  /** a JSON schema that the answer must fit */
  readonly schema?: unknown;
}

export interface ChatReply {
  readonly content: string;
  readonly toolCalls?: readonly ToolCall[] | undefined;
  readonly usage?: { readonly promptTokens: number; readonly completionTokens: number } | undefined;
}

/** The model's text for a prompt. */
export function infer(prompt: string, { signal, ...sampling }: Sampling = {}): Promise<string> {
  return callForText('llm_infer', sampling, { body: String(prompt), signal });
}

/** The model's next message in a conversation. */
export function chat(messages: readonly ChatMessage[], { signal, ...options }: ChatOptions = {}): Promise<ChatReply> {
  return callForJson('llm_chat', { messages, ...options }, { signal });
}

/** The model's next message, piece by piece, as it is made. Leaving the loop early gives up the call. */
export async function* stream(messages: readonly ChatMessage[], { signal, ...options }: ChatOptions = {}): AsyncGenerator<string, ChatReply, undefined> {
  const pieces: string[] = [];
  let wake: () => void = () => undefined;
  let isOver = false;
  const leave = new runtime.AbortController();
  const forget = signal?.onceAborted((reason) => leave.abort(reason));
  const onChunk = (chunk: Uint8Array): void => {
    pieces.push(runtime.decodeText(chunk));
    wake();
  };
  const reply = callForJson<ChatReply>('llm_chat', { messages, ...options, stream: true }, { signal: leave.signal, onChunk });
  const end = (): void => {
    isOver = true;
    wake();
  };
  reply.then(end, end);
  try {
    for (;;) {
      while (pieces.length > 0) yield pieces.shift() ?? '';
      if (isOver) return await reply;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    forget?.();
    if (!isOver) leave.abort();
  }
}
