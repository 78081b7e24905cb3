import type { BindingLink, BindingRequest, ChunkReader } from '../apps/host-calls/binding-call.ts';
import type { BindingAnswer, BindingAsk } from '../protocol/bindings/binding-messages.ts';
import { fromErrorData } from '../protocol/errors.ts';

interface Waiting {
  resolve(answer: BindingAnswer): void;
  reject(error: unknown): void;
}

/** A cell's end of the calls of bindings: numbers them, and gives the supervisor's answers to whoever waits. */
export class BindingLine implements BindingLink {
  readonly #tell: (ask: BindingAsk) => void;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(tell: (ask: BindingAsk) => void) {
    this.#tell = tell;
  }

  async ask(call: BindingRequest, signal: AbortSignal): Promise<unknown> {
    const answer = await this.#start(++this.#lastId, call, signal);
    return answer.kind === 'value' ? answer.value : undefined;
  }

  async open(call: BindingRequest, signal: AbortSignal): Promise<ChunkReader> {
    const id = ++this.#lastId;
    await this.#start(id, call, signal);
    let isOver = false;
    return {
      read: async () => {
        if (isOver) return null;
        const answer = await this.#next(id, { type: 'binding', kind: 'more', id });
        if (answer.kind === 'chunk') return answer.chunk;
        isOver = true;
        return null;
      },
      cancel: () => {
        if (!isOver) this.#tell({ type: 'binding', kind: 'stop', id });
        isOver = true;
        this.#take(id)?.resolve({ type: 'binding', kind: 'end', id });
      },
    };
  }

  receive(answer: BindingAnswer): void {
    const waiting = this.#take(answer.id);
    if (answer.kind === 'failed') waiting?.reject(fromErrorData(answer.error));
    else waiting?.resolve(answer);
  }

  async #start(id: number, call: BindingRequest, signal: AbortSignal): Promise<BindingAnswer> {
    signal.throwIfAborted();
    const stop = (): void => {
      this.#tell({ type: 'binding', kind: 'stop', id });
      this.#take(id)?.reject(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await this.#next(id, { type: 'binding', kind: 'start', id, ...call });
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #next(id: number, ask: BindingAsk): Promise<BindingAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#tell(ask);
    });
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
