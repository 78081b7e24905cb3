interface Waiting {
  go(): void;
}

/** Lets so many through at once; of the others, those of each key wait in their order, and the keys take turns. */
export class FairTurns {
  #free: number;
  /** in the order of whose turn it is; none is empty */
  readonly #waiting = new Map<string, Set<Waiting>>();

  constructor(atOnceMax: number) {
    this.#free = atOnceMax;
  }

  /** Resolves, when it is one's turn, to what ends it, to be called once. Rejects with the signal's reason when that comes first. */
  async take(key: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#wait(key, signal);
    return () => this.#pass();
  }

  #wait(key: string, signal: AbortSignal): Promise<void> {
    const queue = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, queue);
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        queue.delete(waiting);
        if (queue.size === 0 && this.#waiting.get(key) === queue) this.#waiting.delete(key);
        reject(signal.reason);
      };
      const waiting = {
        go: () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      queue.add(waiting);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  #pass(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#free++;
      return;
    }
    const [key, queue] = first;
    const [next] = queue;
    queue.delete(next!);
    this.#waiting.delete(key);
    if (queue.size > 0) this.#waiting.set(key, queue);
    next!.go();
  }
}
