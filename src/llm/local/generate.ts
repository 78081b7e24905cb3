/** Evaluates a prompt on a sequence and gives the text that the model goes on with, as it comes. */
import type { FinishReason, TokenUsage } from '../../protocol/model.ts';
import { JsonEnd } from './json-end.ts';
import type { EvaluateOptions, LlamaModel, LlamaSequence, Token } from './llama-api.ts';
import { StopFinder } from './stop-finder.ts';
import { TokenText } from './token-text.ts';

/** A prompt is evaluated in parts of this many tokens, so that an abort is seen in between. */
const PART_TOKENS = 512;

export interface Generation {
  readonly prompt: readonly Token[];
  readonly maxTokens: number;
  readonly stopTokens: ReadonlySet<Token>;
  readonly stopTexts: readonly string[];
  /** the answer is one JSON text, by the grammar of `options` */
  readonly isJson: boolean;
  readonly options: EvaluateOptions;
}

export interface GenerationEnd {
  readonly finishReason: Exclude<FinishReason, 'tool_calls'>;
  readonly usage: TokenUsage;
}

/** Rejects with the signal's reason. The sequence then holds what was evaluated so far, and can be used again. */
export async function* generate(model: LlamaModel, sequence: LlamaSequence, generation: Generation, signal: AbortSignal): AsyncGenerator<string, GenerationEnd> {
  const { prompt, maxTokens, stopTokens, options } = generation;
  const rest = await evaluateAllButLast(sequence, prompt, signal);
  const cutter = new AnswerCutter(generation);
  const text = new TokenText(model, prompt);
  let completionTokens = 0;
  for await (const token of sequence.evaluate(rest, options)) {
    signal.throwIfAborted();
    completionTokens++;
    if (stopTokens.has(token)) break;
    const piece = cutter.push(text.push(token));
    if (piece !== '') yield piece;
    if (cutter.isOver || completionTokens >= maxTokens) break;
  }
  signal.throwIfAborted();
  const held = cutter.end();
  if (held !== '') yield held;
  const isWhole = cutter.isOver || completionTokens < maxTokens;
  return { finishReason: isWhole ? 'stop' : 'length', usage: { promptTokens: prompt.length, completionTokens } };
}

/** What is left to evaluate: the answer needs at least one token. */
async function evaluateAllButLast(sequence: LlamaSequence, prompt: readonly Token[], signal: AbortSignal): Promise<readonly Token[]> {
  await sequence.adaptStateToTokens(prompt.slice(0, -1), false);
  while (prompt.length - sequence.nextTokenIndex > PART_TOKENS) {
    signal.throwIfAborted();
    const from = sequence.nextTokenIndex;
    await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(from, Math.min(from + PART_TOKENS, prompt.length - 1)));
  }
  signal.throwIfAborted();
  return prompt.slice(sequence.nextTokenIndex);
}

/** The answer ends before a stop text, or, when it is JSON, with its last bracket: what a grammar allows behind it would only cost time. */
class AnswerCutter {
  readonly #stops: StopFinder;
  readonly #json: JsonEnd | undefined;

  constructor({ isJson, stopTexts }: Generation) {
    this.#stops = new StopFinder(stopTexts);
    this.#json = isJson ? new JsonEnd() : undefined;
  }

  get isOver(): boolean {
    return this.#stops.isFound || this.#json?.isOver === true;
  }

  push(piece: string): string {
    return this.#stops.push(this.#json?.push(piece) ?? piece);
  }

  end(): string {
    return this.#stops.end();
  }
}
