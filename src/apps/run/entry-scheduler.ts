/** Who may enter an isolate next: no more at once than there are slots, in turns, so that a busy app delays another by one entry at most. */

export interface Runnable {
  /** One turn. Must not reject. */
  turn(): Promise<void>;
  /** Whether another turn is wanted. */
  hasWork(): boolean;
}

export class EntryScheduler {
  readonly #slots: number;
  readonly #queue: Runnable[] = [];
  readonly #known = new Set<Runnable>();
  #running = 0;
  #scheduled = false;

  /** `slots`: entries at once; as many as there are cores. */
  constructor(slots: number) {
    this.#slots = slots;
  }

  /** Nobody has a turn or waits for one. */
  get isIdle(): boolean {
    return this.#running === 0 && this.#queue.length === 0;
  }

  /** Asks for a turn. Turns start once this round of the event loop is over, so that what arrives together is handed over together. */
  wake(runnable: Runnable): void {
    if (this.#known.has(runnable)) return;
    this.#known.add(runnable);
    this.#queue.push(runnable);
    if (this.#scheduled || this.#running >= this.#slots) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#fill();
    });
  }

  #fill(): void {
    while (this.#running < this.#slots && this.#queue.length > 0) void this.#run(this.#queue.shift()!);
  }

  async #run(runnable: Runnable): Promise<void> {
    this.#running++;
    await runnable.turn();
    this.#running--;
    this.#known.delete(runnable);
    if (runnable.hasWork()) this.wake(runnable);
    this.#fill();
  }
}
