import { expandSecrets } from '../policy/agent-secrets.ts';
import type { ModelRequest, SecretReference } from '../protocol/agent/manifest.ts';
import type { EgressPolicy } from '../protocol/app.ts';
import type { LlmAnswer, LlmBinding, LlmTask } from '../protocol/bindings/llm-binding.ts';
import { NanosError } from '../protocol/errors.ts';
import { canonicalHost } from '../protocol/hostname.ts';
import type { CompletionChunk, CompletionRequest, ModelProvider, ModelToolCall } from '../protocol/model.ts';
import type { AnswerChunks, ServedAnswer, ServedCall } from './binding-desk.ts';
import type { Models } from './models.ts';
import type { TokenLedger, TokenReservation } from './token-ledger.ts';

/** Until a model has counted: of English text a token is about four bytes. */
const BYTES_PER_TOKEN = 4;

export interface LlmBindingParts {
  readonly models: Pick<Models, 'forManifest'>;
  readonly ledger: TokenLedger;
  /** the value of a variable that the operator lists under `secrets` */
  secret(name: string): string | undefined;
}

type Call = ServedCall<LlmBinding, LlmTask>;

/** Calls of models by apps: each within the app's tokens, as one user of the engine's queue. */
export class LlmBindings {
  readonly #parts: LlmBindingParts;

  constructor(parts: LlmBindingParts) {
    this.#parts = parts;
  }

  async serve(call: Call): Promise<ServedAnswer> {
    const { task } = call;
    if (task.method === 'embed') return { value: await this.#embed(call, task.inputs) };
    return task.request.stream === true ? { chunks: await this.#stream(call, task.request) } : { value: await this.#answer(call, task.request) };
  }

  async #embed({ app, binding, tokens, signal }: Call, inputs: readonly string[]) {
    const model = await this.#open(binding.model);
    const estimate = tokensOf(inputs);
    const reservation = this.#parts.ledger.reserve(app, tokens, estimate, estimate);
    try {
      const embeddings = await model.embed(inputs, { tenant: tenantOf(app), signal });
      reservation.settle(embeddings.promptTokens);
      return embeddings;
    } catch (error) {
      reservation.settle(signal.aborted ? estimate : 0);
      throw error;
    }
  }

  async #answer(call: Call, request: CompletionRequest): Promise<LlmAnswer> {
    const chunks = await this.#begin(call, request);
    let text = '';
    const toolCalls: ModelToolCall[] = [];
    for (let chunk = await chunks.read(); chunk !== null; chunk = await chunks.read()) {
      if (chunk.type === 'text') text += chunk.text;
      else if (chunk.type === 'tool_call') toolCalls.push(chunk.call);
      else return { text, toolCalls, usage: chunk.usage, stopReason: chunk.finishReason };
    }
    throw new NanosError('model_failed', 'The model ended its answer without an end');
  }

  /** What fails before the first chunk rejects the call. */
  async #stream(call: Call, request: CompletionRequest): Promise<AnswerChunks> {
    const chunks = await this.#begin(call, request);
    await chunks.peek();
    return chunks;
  }

  async #begin({ app, binding, tokens, signal }: Call, request: CompletionRequest): Promise<MeteredChunks> {
    const model = await this.#open(binding.model);
    const promptTokens = promptTokensOf(request);
    const answerTokens = Math.min(request.maxTokens ?? Infinity, binding.answerTokensMax);
    const reservation = this.#parts.ledger.reserve(app, tokens, promptTokens + answerTokens, promptTokens + 1);
    // A model that counts before it answers goes by the budget, not by the estimate. The answer comes in pieces, also for who wants the whole: by them it is known what a call has cost that is given up.
    const bounded = { ...request, maxTokens: reservation.tokens - promptTokens, tokensMax: reservation.left, stream: true };
    return new MeteredChunks({ chunks: begun(() => model.complete(bounded, { tenant: tenantOf(app), signal })), reservation, promptTokens, signal });
  }

  #open(model: ModelRequest | undefined): Promise<ModelProvider> {
    return this.#parts.models.forManifest(model, egressOf(model), (reference: SecretReference) => expandSecrets(reference, (name) => this.#parts.secret(name)));
  }
}

/** Whatever a model throws comes with its first chunk. */
async function* begun(complete: () => AsyncIterable<CompletionChunk>): AsyncGenerator<CompletionChunk, void> {
  yield* complete();
}

interface MeteredParts {
  readonly chunks: AsyncIterator<CompletionChunk>;
  readonly reservation: TokenReservation;
  /** estimated */
  readonly promptTokens: number;
  readonly signal: AbortSignal;
}

/** An answer's chunks; however they end, the app is charged once: what the model counted, else an estimate of what it did. */
class MeteredChunks implements AnswerChunks {
  readonly #parts: MeteredParts;
  /** estimated */
  #tokens: number;
  #first: Promise<IteratorResult<CompletionChunk>> | undefined;

  constructor(parts: MeteredParts) {
    this.#parts = parts;
    this.#tokens = parts.promptTokens;
  }

  /** Waits for the first chunk, which is the next that is read. Rejects as {@link read} does. */
  async peek(): Promise<void> {
    this.#first = this.#next();
    await this.#first;
  }

  async read(): Promise<CompletionChunk | null> {
    const first = this.#first;
    this.#first = undefined;
    const next = await (first ?? this.#next());
    return next.done === true ? null : next.value;
  }

  close(): void {
    const { chunks, reservation } = this.#parts;
    reservation.settle(this.#tokens);
    chunks.return?.().catch(() => undefined);
  }

  async #next(): Promise<IteratorResult<CompletionChunk>> {
    const { chunks, reservation, signal } = this.#parts;
    try {
      const next = await chunks.next();
      if (next.done === true) reservation.settle(this.#tokens);
      else this.#count(next.value);
      return next;
    } catch (error) {
      reservation.settle(isRefusal(error) && !signal.aborted ? 0 : this.#tokens);
      throw error;
    }
  }

  #count(chunk: CompletionChunk): void {
    if (chunk.type === 'end') {
      const counted = chunk.usage.promptTokens + chunk.usage.completionTokens;
      // some servers do not count
      this.#parts.reservation.settle(counted > 0 ? counted : this.#tokens);
    } else this.#tokens += chunk.type === 'text' ? tokensOf([chunk.text]) : tokensOf([JSON.stringify(chunk.call)]);
  }
}

/** The model did nothing, or it is not the app's doing that it did in vain. */
function isRefusal(error: unknown): boolean {
  return error instanceof NanosError && error.code !== 'model_timeout';
}

/** All agents, and all who come in over HTTP, are others. */
function tenantOf(app: string): string {
  return `app ${app}`;
}

function tokensOf(texts: readonly string[]): number {
  return Math.ceil(texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0) / BYTES_PER_TOKEN);
}

function promptTokensOf({ input, tools = [] }: CompletionRequest): number {
  const texts = 'prompt' in input ? [input.prompt] : input.messages.flatMap(({ content, toolCalls = [] }) => [content, ...toolCalls.map((call) => JSON.stringify(call))]);
  return tokensOf([...texts, ...tools.map((tool) => JSON.stringify(tool))]);
}

const ANY_ADDRESS = ['0.0.0.0/0', '::/0'];

/** Where the operator says that the model is, and nowhere else: who names the server lets the host speak with it. */
function egressOf(model: ModelRequest | undefined): EgressPolicy {
  const host = model?.apiUrl === undefined ? undefined : canonicalHost(new URL(model.apiUrl).hostname);
  return host === undefined ? { hosts: undefined, privateRanges: model?.provider === 'ollama' ? ['127.0.0.0/8', '::1/128'] : [] } : { hosts: [host], privateRanges: ANY_ADDRESS };
}
