/** For tests: a model that says what it is told to. */
import type { CompletionChunk, CompletionRequest, ModelCall, ModelProvider } from '../../protocol/model.ts';

/** What the model does at a call: text and calls of tools, or an error. */
export type Script = (request: CompletionRequest, round: number) => readonly (string | { readonly name: string; readonly arguments: Record<string, string> })[] | Error;

export interface ScriptedModel extends ModelProvider {
  readonly requests: readonly CompletionRequest[];
  readonly calls: readonly ModelCall[];
}

/** Every call costs 10 tokens of prompt, and one for each item it says. */
export function scriptedModel(script: Script): ScriptedModel {
  const requests: CompletionRequest[] = [];
  const calls: ModelCall[] = [];
  return {
    requests,
    calls,
    async *complete(request, call): AsyncGenerator<CompletionChunk, void> {
      requests.push(request);
      calls.push(call);
      const said = script(request, requests.length - 1);
      if (said instanceof Error) throw said;
      for (const [index, item] of said.entries()) {
        // in a turn of its own, as what comes from another process
        await new Promise((resolve) => setImmediate(resolve));
        call.signal.throwIfAborted();
        yield typeof item === 'string' ? { type: 'text', text: item } : { type: 'tool_call', call: { id: `call_${requests.length}_${index}`, ...item } };
      }
      const finishReason = said.length === 0 ? 'length' : said.some((item) => typeof item !== 'string') ? 'tool_calls' : 'stop';
      yield { type: 'end', finishReason, usage: { promptTokens: 10, completionTokens: said.length } };
    },
    embed: () => Promise.reject(new Error('There are no embeddings')),
  };
}
