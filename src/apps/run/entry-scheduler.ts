/** Who may enter an isolate next: no more at once than there are slots, in turns, so that a busy app delays another by one entry at most. */

export interface Runnable {
  /** whose code runs in its turns */
  readonly app: string;
  /** One turn. Must not reject. */
  turn(): Promise<void>;
  /** Whether another turn is wanted. */
  hasWork(): boolean;
}

/** Is told whose turns there are, so that somebody knows when the process dies in one of them. */
export interface TurnRecord {
  /** The app's code runs from now on. Returns what {@link TurnRecord.end} wants to know. */
  begin(app: string): number;
  end(slot: number): void;
}

const NO_RECORD: TurnRecord = { begin: () => 0, end: () => undefined };

export class EntryScheduler {
  readonly #slots: number;
  readonly #record: TurnRecord;
  readonly #queue: Runnable[] = [];
  readonly #known = new Set<Runnable>();
  /** apps whose turns are theirs alone, and until when (process clock, ms) */
  readonly #suspects = new Map<string, number>();
  #running = 0;
  #runsAlone = false;
  #scheduled = false;

  /** `slots`: entries at once; as many as there are cores. */
  constructor(slots: number, record: TurnRecord = NO_RECORD) {
    this.#slots = slots;
    this.#record = record;
  }

  /** Nobody has a turn or waits for one. */
  get isIdle(): boolean {
    return this.#running === 0 && this.#queue.length === 0;
  }

  /** For that long nobody else has a turn while the app has one: when the process dies then, it is known of whose code. */
  suspect(app: string, forMs: number): void {
    this.#suspects.set(app, performance.now() + forMs);
  }

  /** The app has its turns beside others again. */
  trust(app: string): void {
    this.#suspects.delete(app);
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
    while (this.#running < this.#slots && this.#queue.length > 0 && this.#mayBegin(this.#queue[0]!.app)) void this.#run(this.#queue.shift()!);
  }

  #mayBegin(app: string): boolean {
    return this.#running === 0 || (!this.#runsAlone && !this.#isSuspect(app));
  }

  #isSuspect(app: string): boolean {
    const untilMs = this.#suspects.get(app);
    if (untilMs === undefined) return false;
    if (performance.now() < untilMs) return true;
    this.#suspects.delete(app);
    return false;
  }

  async #run(runnable: Runnable): Promise<void> {
    this.#runsAlone = this.#isSuspect(runnable.app);
    this.#running++;
    const slot = this.#record.begin(runnable.app);
    await runnable.turn();
    this.#record.end(slot);
    this.#running--;
    this.#runsAlone = false;
    this.#known.delete(runnable);
    if (runnable.hasWork()) this.wake(runnable);
    this.#fill();
  }
}
