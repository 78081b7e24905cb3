import { callForJson, callForText, runtime, type Cancellable } from './runtime.ts';

export interface Sampling extends Cancellable {
  readonly temperature?: number | undefined;
  readonly topK?: number | undefined;
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
  /** tools that may be called although the model is not told of them: one that was trained on them misuses others instead */
  readonly unlistedTools?: readonly ChatTool[] | undefined;
  /** a system message for models that were not made for agents; the embedded one has its own, and knows no other */
  readonly guide?: string | undefined;
  /** `auto` by default: the model chooses between a call and text */
  readonly toolChoice?: 'auto' | 'none' | 'required' | { readonly name: string } | undefined;
  /** a JSON schema that the answer must fit */
  readonly schema?: unknown;
}

export interface ChatReply {
  readonly content: string;
  readonly toolCalls?: readonly ToolCall[] | undefined;
  /** `length`: the answer was cut off */
  readonly finishReason: 'stop' | 'length' | 'tool_calls';
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number };
}

/** A vector for each text, by the model that the manifest names for that, else by its own. Texts that mean the same are near to each other. */
export async function embed(texts: readonly string[], { signal }: Cancellable = {}): Promise<number[][]> {
  const { vectors } = await callForJson<{ readonly vectors: number[][] }>('llm_embed', { texts }, { signal });
  return vectors;
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
  let given = '';
  const end = (): void => {
    isOver = true;
    wake();
  };
  reply.then(end, end);
  try {
    for (;;) {
      for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
        given += piece;
        yield piece;
      }
      if (isOver) return yield* rest(given, await reply);
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    forget?.();
    if (!isOver) leave.abort();
  }
}

/** A call that is made again after a crash comes without pieces. */
function* rest(given: string, reply: ChatReply): Generator<string, ChatReply, undefined> {
  if (reply.content.length > given.length && reply.content.startsWith(given)) yield reply.content.slice(given.length);
  return reply;
}
