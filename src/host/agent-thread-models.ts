import type { OpenModel } from '../agents/syscalls/llm.ts';
import type { ModelRequest } from '../protocol/agent/manifest.ts';
import type { ModelAnswer, ModelAsk } from '../protocol/agent/messages.ts';
import { fromErrorData, NanosError } from '../protocol/errors.ts';
import type { CompletionChunk, CompletionRequest, ModelCall } from '../protocol/model.ts';
import { ModelProcessCall } from './model-call.ts';

/** The models of a thread of agents, which may start no process and knows no key: the supervisor is asked. */
export class ThreadModels {
  readonly #tell: (ask: ModelAsk) => void;
  readonly #calls = new Map<number, ModelProcessCall>();
  #lastId = 0;

  constructor(tell: (ask: ModelAsk) => void) {
    this.#tell = tell;
  }

  /** For one run; `literals`: secrets that its manifest holds, by the names that stand for them. */
  forRun(literals: ReadonlyMap<string, string>): OpenModel {
    return async (model) => ({
      complete: (request, call) => this.#complete(model, literals, request, call),
      embed: () => Promise.reject(new NanosError('model_unsupported', 'Agents get no embeddings')),
    });
  }

  receive({ id, chunks, over }: ModelAnswer): void {
    const call = this.#calls.get(id);
    call?.push(chunks);
    if (over === undefined) return;
    this.#calls.delete(id);
    call?.end(over.error === undefined ? undefined : fromErrorData(over.error));
  }

  async *#complete(model: ModelRequest | undefined, literals: ReadonlyMap<string, string>, request: CompletionRequest, { tenant, signal }: ModelCall): AsyncGenerator<CompletionChunk, void> {
    signal.throwIfAborted();
    const id = ++this.#lastId;
    const call = new ModelProcessCall(model?.path ?? '');
    this.#calls.set(id, call);
    const abort = (): void => call.end(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#tell({ type: 'model', kind: 'start', id, model, literals: [...literals], request, tenant });
    try {
      yield* call.read();
    } finally {
      signal.removeEventListener('abort', abort);
      if (this.#calls.delete(id)) this.#tell({ type: 'model', kind: 'stop', id });
    }
  }
}
