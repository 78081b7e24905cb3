import type { OpenModel } from '../agents/syscalls/run-models.ts';
import type { ModelRequest } from '../protocol/agent/manifest.ts';
import type { ModelAnswer, ModelAsk } from '../protocol/agent/messages.ts';
import { fromErrorData } from '../protocol/errors.ts';
import type { CompletionChunk, Embeddings, ModelCall, ModelTask } from '../protocol/model.ts';
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
      complete: (request, call) => this.#complete(model, literals, { kind: 'complete', request }, call),
      embed: (inputs, call) => this.#embed(model, literals, { kind: 'embed', inputs }, call),
    });
  }

  receive({ id, chunks, embeddings, over }: ModelAnswer): void {
    const call = this.#calls.get(id);
    call?.push(chunks);
    if (embeddings !== undefined) call?.setEmbeddings(embeddings);
    if (over === undefined) return;
    this.#calls.delete(id);
    call?.end(over.error === undefined ? undefined : fromErrorData(over.error));
  }

  async *#complete(model: ModelRequest | undefined, literals: ReadonlyMap<string, string>, task: ModelTask, call: ModelCall): AsyncGenerator<CompletionChunk, void> {
    const { under, finish } = this.#begin(model, literals, task, call);
    try {
      yield* under.read();
    } finally {
      finish();
    }
  }

  async #embed(model: ModelRequest | undefined, literals: ReadonlyMap<string, string>, task: ModelTask, call: ModelCall): Promise<Embeddings> {
    const { under, finish } = this.#begin(model, literals, task, call);
    try {
      return await under.embeddings();
    } finally {
      finish();
    }
  }

  #begin(model: ModelRequest | undefined, literals: ReadonlyMap<string, string>, task: ModelTask, { tenant, signal }: ModelCall): { under: ModelProcessCall; finish: () => void } {
    signal.throwIfAborted();
    const id = ++this.#lastId;
    const under = new ModelProcessCall(model?.path ?? '');
    this.#calls.set(id, under);
    const abort = (): void => under.end(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#tell({ type: 'model', kind: 'start', id, model, literals: [...literals], task, tenant });
    const finish = (): void => {
      signal.removeEventListener('abort', abort);
      if (this.#calls.delete(id)) this.#tell({ type: 'model', kind: 'stop', id });
    };
    return { under, finish };
  }
}
