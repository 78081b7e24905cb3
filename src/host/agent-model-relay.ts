import type { ModelAnswer, ModelAsk } from '../protocol/agent/messages.ts';
import type { AgentThread } from './agent-thread.ts';

interface Asked {
  readonly thread: AgentThread;
  /** the thread's own number of the call */
  readonly id: number;
}

/** Between the threads of the agents' process and the supervisor: each thread counts its calls of models by itself. */
export class ModelRelay {
  readonly #tell: (ask: ModelAsk) => void;
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;

  constructor(tell: (ask: ModelAsk) => void) {
    this.#tell = tell;
  }

  ask(thread: AgentThread, ask: ModelAsk): void {
    if (ask.kind === 'start') {
      const id = ++this.#lastId;
      this.#asked.set(id, { thread, id: ask.id });
      return this.#tell({ ...ask, id });
    }
    for (const [id, asked] of this.#asked) if (asked.thread === thread && asked.id === ask.id) this.#stop(id);
  }

  answer(answer: ModelAnswer): void {
    const asked = this.#asked.get(answer.id);
    if (answer.over !== undefined) this.#asked.delete(answer.id);
    asked?.thread.send({ ...answer, id: asked.id });
  }

  /** Nobody waits for its calls any more. */
  lost(thread: AgentThread): void {
    for (const [id, asked] of this.#asked) if (asked.thread === thread) this.#stop(id);
  }

  #stop(id: number): void {
    this.#asked.delete(id);
    this.#tell({ type: 'model', kind: 'stop', id });
  }
}
