import type { CompletionChunk, FinishReason, ModelToolCall, TokenUsage } from '../../../protocol/model.ts';

/** A whole answer. */
export interface Completion {
  readonly text: string;
  readonly calls: readonly ModelToolCall[];
  readonly finishReason: FinishReason;
  readonly usage: TokenUsage;
}

export async function collectCompletion(chunks: AsyncIterable<CompletionChunk>): Promise<Completion> {
  let text = '';
  const calls: ModelToolCall[] = [];
  for await (const chunk of chunks) {
    if (chunk.type === 'text') text += chunk.text;
    else if (chunk.type === 'tool_call') calls.push(chunk.call);
    else return { text, calls, finishReason: chunk.finishReason, usage: chunk.usage };
  }
  throw new Error('An answer of a model has no end');
}

/** The same chunks, once the first is there: what fails before it can still be answered with a status. */
export async function begun(chunks: AsyncIterable<CompletionChunk>): Promise<AsyncIterable<CompletionChunk>> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  return withFirst(first, iterator);
}

async function* withFirst(first: IteratorResult<CompletionChunk>, rest: AsyncIterator<CompletionChunk>): AsyncGenerator<CompletionChunk, void> {
  try {
    for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
