import type { Json } from '../../protocol/app.ts';
import { NanosError } from '../../protocol/errors.ts';
import type { GrammarState, Llama, LlamaModel, LlamaModule } from './llama-api.ts';

const GRAMMARS_MAX = 64;

/** Grammars by their schemas: the same few come again and again. */
export class GrammarCache {
  readonly #parts: { readonly module: LlamaModule; readonly llama: Llama; readonly model: LlamaModel };
  /** least recently used first; each at its beginning */
  readonly #starts = new Map<string, GrammarState>();

  constructor(parts: { readonly module: LlamaModule; readonly llama: Llama; readonly model: LlamaModel }) {
    this.#parts = parts;
  }

  /** A state of its own at the beginning of the grammar. Throws `model_unsupported`. */
  async start(schema: Json): Promise<GrammarState> {
    const key = JSON.stringify(schema);
    const known = this.#starts.get(key) ?? (await this.#create(schema));
    this.#starts.delete(key);
    this.#starts.set(key, known);
    const [oldest] = this.#starts.keys();
    if (this.#starts.size > GRAMMARS_MAX && oldest !== undefined) this.#starts.delete(oldest);
    return known.clone();
  }

  async #create(schema: Json): Promise<GrammarState> {
    const { module, llama, model } = this.#parts;
    try {
      const grammar = await llama.createGrammarForJsonSchema(schema);
      return new module.LlamaGrammarEvaluationState({ model, grammar });
    } catch (cause) {
      throw new NanosError('model_unsupported', `A local model can not be held to this JSON schema: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
}
