import { randomBytes } from 'node:crypto';
import { NanosError } from '../../protocol/errors.ts';
import type { CompletionChunk, CompletionRequest, Embeddings, ModelCall, ModelProvider } from '../../protocol/model.ts';
import type { ChatFormat } from './chat-format.ts';
import { chooseSequence } from './choose-sequence.ts';
import { createEmbeddedFormat, EMBEDDED_MODEL_NAME } from './embedded-format.ts';
import { FairQueue } from './fair-queue.ts';
import { generate, type Generation } from './generate.ts';
import { GrammarCache } from './grammar-cache.ts';
import type { EvaluateOptions, Llama, LlamaModel, LlamaModule, LlamaSequence, Token } from './llama-api.ts';
import { EnvelopeReply, PLAIN_REPLY, type ReplyReader } from './reply-reader.ts';
import { toGrammarSchema } from './grammar-schema.ts';
import { createTemplateFormat } from './template-format.ts';
import { toolEnvelope } from './tool-envelope.ts';
import type { Json } from '../../protocol/app.ts';

const TOP_K_DEFAULT = 40;
const WAITING_MAX = 256;

export interface ModelParts {
  readonly module: LlamaModule;
  readonly llama: Llama;
  readonly model: LlamaModel;
  readonly sequences: readonly LlamaSequence[];
  /** what errors call it */
  readonly label: string;
  /** `general.name` of its file */
  readonly name: string | undefined;
  /** tokens of one sequence */
  readonly contextTokens: number;
  readonly threads: number;
}

interface Slot {
  readonly sequence: LlamaSequence;
  usedMs: number;
}

interface Plan {
  readonly prompt: readonly Token[];
  readonly stopTokens: readonly Token[];
  readonly stopTexts: readonly string[];
  /** what the answer is held to */
  readonly grammar: Json | undefined;
  readonly reader: ReplyReader;
}

/** A model in memory and one context, on whose sequences calls run side by side. */
export class LoadedModel implements ModelProvider {
  readonly #parts: ModelParts;
  readonly #format: ChatFormat;
  readonly #queue: FairQueue;
  readonly #idle: Slot[];
  readonly #grammars: GrammarCache;
  /** embeddings, which are computed one after another */
  #embedding: Promise<unknown> = Promise.resolve();

  constructor(parts: ModelParts) {
    this.#parts = parts;
    const create = parts.name === EMBEDDED_MODEL_NAME ? createEmbeddedFormat : createTemplateFormat;
    this.#format = create(parts.model, parts.module);
    this.#queue = new FairQueue(parts.sequences.length, WAITING_MAX);
    this.#idle = parts.sequences.map((sequence) => ({ sequence, usedMs: 0 }));
    this.#grammars = new GrammarCache(parts);
  }

  async *complete(request: CompletionRequest, { tenant, signal }: ModelCall): AsyncGenerator<CompletionChunk, void> {
    const plan = this.#plan(request);
    const room = Math.min(this.#room(plan.prompt.length), paidRoom(plan.prompt.length, request.tokensMax));
    const grammar = plan.grammar === undefined ? undefined : await this.#grammars.start(plan.grammar);
    const endTurn = await this.#queue.take(tenant, signal);
    const slot = this.#takeSlot(plan.prompt);
    try {
      const generation: Generation = {
        prompt: plan.prompt,
        maxTokens: Math.min(request.maxTokens ?? room, room),
        stopTokens: new Set(plan.stopTokens),
        stopTexts: [...plan.stopTexts, ...(request.stop ?? [])].filter((text) => text !== ''),
        isJson: grammar !== undefined,
        options: { ...samplingOf(request), ...(grammar === undefined ? {} : { grammarEvaluationState: grammar }) },
      };
      yield* this.#run(slot, generation, plan.reader, request.stream === true, signal);
    } finally {
      slot.usedMs = performance.now();
      this.#idle.push(slot);
      endTurn();
    }
  }

  async *#run(slot: Slot, generation: Generation, reader: ReplyReader, isStreamed: boolean, signal: AbortSignal): AsyncGenerator<CompletionChunk, void> {
    const pieces = generate(this.#parts.model, slot.sequence, generation, signal);
    let whole = '';
    let next = await pieces.next();
    try {
      for (; next.done !== true; next = await pieces.next()) {
        const text = reader.push(next.value);
        if (isStreamed && text !== '') yield { type: 'text', text };
        else whole += text;
      }
    } finally {
      await pieces.return({ finishReason: 'stop', usage: { promptTokens: 0, completionTokens: 0 } });
    }
    if (whole !== '') yield { type: 'text', text: whole };
    const call = reader.end();
    if (call !== undefined) yield { type: 'tool_call', call };
    yield { type: 'end', finishReason: call === undefined ? next.value.finishReason : 'tool_calls', usage: next.value.usage };
  }

  #plan(request: CompletionRequest): Plan {
    const { input } = request;
    if ('prompt' in input) return { prompt: this.#textTokens(input.prompt), stopTokens: [], stopTexts: [], grammar: schemaOf(request), reader: PLAIN_REPLY };
    const prompt = this.#format.prompt(input.messages, request);
    const { textForm, grammarOptions, isAlwaysEnveloped } = this.#format;
    const form = toGrammarSchema(textForm.schema, grammarOptions);
    const enveloped = toolEnvelope(request, textForm, grammarOptions) ?? (isAlwaysEnveloped && request.schema === undefined ? { schema: form, textOpening: textForm.opening } : undefined);
    const reader = enveloped === undefined ? PLAIN_REPLY : new EnvelopeReply(enveloped, newCallId);
    return { prompt: prompt.tokens, stopTokens: prompt.stopTokens, stopTexts: prompt.stopTexts, grammar: enveloped?.schema ?? schemaOf(request), reader };
  }

  /** A person's text, without special tokens of its own. */
  #textTokens(text: string): Token[] {
    const { model } = this.#parts;
    const tokens = model.tokenize(text, false);
    const { bos, shouldPrependBosToken } = model.tokens;
    if (bos !== null && (shouldPrependBosToken || tokens.length === 0)) tokens.unshift(bos);
    return tokens;
  }

  /** Tokens that an answer may have. Throws `context_overflow`. */
  #room(promptTokens: number): number {
    const { contextTokens, label } = this.#parts;
    // the last token of an answer is never evaluated, but the answer needs room for one
    const room = contextTokens - promptTokens;
    if (room >= 1) return room;
    const over = promptTokens + 1 - contextTokens;
    throw new NanosError('context_overflow', `The prompt has ${promptTokens} tokens, ${over} too many: ${label} has a context of ${contextTokens}, and the answer needs one. Shorten it, or raise context_window`);
  }

  #takeSlot(prompt: readonly Token[]): Slot {
    const index = chooseSequence(this.#idle.map(({ sequence, usedMs }) => ({ tokens: sequence.contextTokens, usedMs })), prompt, performance.now());
    const [slot] = this.#idle.splice(index, 1);
    if (slot === undefined) throw new Error('There are more turns than sequences');
    return slot;
  }

  async embed(inputs: readonly string[], { signal }: ModelCall): Promise<Embeddings> {
    const before = this.#embedding;
    const embeddings = before.catch(() => undefined).then(() => this.#embedAll(inputs, signal));
    this.#embedding = embeddings.catch(() => undefined);
    return embeddings;
  }

  async #embedAll(inputs: readonly string[], signal: AbortSignal): Promise<Embeddings> {
    const { model, contextTokens, threads } = this.#parts;
    const tokens = inputs.map((input) => this.#textTokens(input));
    // one for the end token that some models want
    for (const { length } of tokens) this.#room(length + 1);
    signal.throwIfAborted();
    const context = await model.createEmbeddingContext({ contextSize: contextTokens, threads });
    try {
      const vectors: (readonly number[])[] = [];
      for (const input of tokens) {
        signal.throwIfAborted();
        const { vector } = await context.getEmbeddingFor([...input]);
        vectors.push(unitVector(vector));
      }
      return { vectors, promptTokens: tokens.reduce((sum, { length }) => sum + length, 0) };
    } finally {
      await context.dispose();
    }
  }

  async dispose(): Promise<void> {
    await this.#parts.model.dispose();
  }
}

/** Tokens of an answer that a budget has left. Throws `token_limit`. */
function paidRoom(promptTokens: number, tokensMax = Infinity): number {
  const room = tokensMax - promptTokens;
  if (room >= 1) return room;
  throw new NanosError('token_limit', `The prompt has ${promptTokens} tokens, and the budget has ${tokensMax} left`);
}

function schemaOf({ schema }: CompletionRequest): Json | undefined {
  if (schema === undefined) return undefined;
  return toGrammarSchema(schema === true ? { type: 'object' } : schema);
}

function samplingOf({ temperature = 0, topK = TOP_K_DEFAULT, topP, seed }: CompletionRequest): EvaluateOptions {
  return { temperature, topK, ...(topP === undefined ? {} : { topP }), ...(seed === undefined ? {} : { seed }) };
}

function newCallId(): string {
  return `call_${randomBytes(9).toString('hex')}`;
}

/** Of length 1, so that the product of two vectors is how near they are. */
function unitVector(vector: readonly number[]): readonly number[] {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}
