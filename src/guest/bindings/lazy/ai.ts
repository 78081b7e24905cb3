/** `env.NAME` of a binding of type `llm`: docs/bindings.md. `run` is Workers AI's (developers.cloudflare.com/workers-ai/configuration/bindings). */
import { callBinding } from './call-binding.ts';

export class Ai {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  /** Resolves to `{ text, toolCalls, usage, stopReason }`; with `stream: true` to a ReadableStream of the text's bytes. */
  async chat(options: unknown): Promise<unknown> {
    const { signal, ...argument } = { ...(options as { signal?: unknown }) };
    return callBinding({ method: 'llm.chat', name: this.#name, argument, signal });
  }

  /** Whatever `model` is, the binding's own answers. */
  async run(model: unknown, input: unknown, options: unknown = undefined): Promise<unknown> {
    const { signal } = { ...(options as { signal?: unknown }) };
    return callBinding({ method: 'llm.run', name: this.#name, argument: { model: String(model), input }, signal });
  }

  /** Resolves to a vector for each text. */
  async embed(texts: unknown, options: unknown = undefined): Promise<unknown> {
    const { signal } = { ...(options as { signal?: unknown }) };
    return callBinding({ method: 'llm.embed', name: this.#name, argument: texts, signal });
  }
}
